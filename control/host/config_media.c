/* SPDX-License-Identifier: BSD-3-Clause */
/* The block `media`: directories of recordings, captures and files to play. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_private.h"

static void fill_dir(char out[256], bool has, const char *in)
{
	size_t len;

	if (!has)
		return;
	snprintf(out, 256, "%s", in);
	for (len = strlen(out); len > 1 && out[len - 1] == '/'; len--)
		out[len - 1] = '\0';
}

void config_fill_media(struct config_media *m, const struct cfg_media *in)
{
	fill_dir(m->record_dir, in->has_record_dir, in->record_dir);
	fill_dir(m->spool_dir, in->has_spool_dir, in->spool_dir);
	fill_dir(m->capture_dir, in->has_capture_dir, in->capture_dir);
	fill_dir(m->play_dir, in->has_play_dir, in->play_dir);
	m->copy_mbufs = (uint32_t)in->copy_mbufs;
	m->max_files = (uint32_t)in->max_files;
	m->play_cache_bytes = (uint64_t)in->play_cache_mb << 20;
}

static int check_absolute(const char *member, const char *dir, struct json_error *err)
{
	config_at(err, "/media/%s", member);
	return dir[0] == '\0' || dir[0] == '/' ? 0 : config_fault(err, "must be an absolute path");
}

int config_check_media(const struct config_media *m, struct json_error *err)
{
	if (check_absolute("record_dir", m->record_dir, err) != 0 ||
	    check_absolute("spool_dir", m->spool_dir, err) != 0 ||
	    check_absolute("capture_dir", m->capture_dir, err) != 0 ||
	    check_absolute("play_dir", m->play_dir, err) != 0)
		return -EINVAL;
	if (m->spool_dir[0] != '\0' && m->record_dir[0] == '\0') {
		config_at(err, "/media/spool_dir");
		return config_fault(err, "is of use only with record_dir");
	}
	if (m->spool_dir[0] != '\0' && strcmp(m->spool_dir, m->record_dir) == 0) {
		config_at(err, "/media/spool_dir");
		return config_fault(err, "the same as record_dir; leave it out to write there from "
					 "the beginning");
	}
	if (m->copy_mbufs == 0 && (m->record_dir[0] != '\0' || m->capture_dir[0] != '\0')) {
		config_at(err, "/media/copy_mbufs");
		return config_fault(err, "with none nothing can be recorded or captured");
	}
	return 0;
}

static int check_dir(const char *member, const char *dir, int mode, struct stat *st,
		     struct json_error *err)
{
	config_at(err, "/media/%s", member);
	if (dir[0] == '\0')
		return 0;
	if (stat(dir, st) != 0 || access(dir, mode) != 0) {
		config_fault(err, "%s: %s", dir, strerror(errno));
		return -ENODEV;
	}
	if (!S_ISDIR(st->st_mode)) {
		config_fault(err, "%s is no directory", dir);
		return -ENODEV;
	}
	return 0;
}

int config_check_media_dirs(const struct config_media *m, struct json_error *err)
{
	struct stat record, spool, other;

	if (check_dir("record_dir", m->record_dir, W_OK | X_OK, &record, err) != 0 ||
	    check_dir("spool_dir", m->spool_dir, W_OK | X_OK, &spool, err) != 0 ||
	    check_dir("capture_dir", m->capture_dir, W_OK | X_OK, &other, err) != 0 ||
	    check_dir("play_dir", m->play_dir, X_OK, &other, err) != 0)
		return -ENODEV;
	if (m->spool_dir[0] != '\0' && record.st_dev != spool.st_dev) {
		config_at(err, "/media/spool_dir");
		config_fault(err,
			     "it is on another file system than record_dir: files can't be moved");
		return -ENODEV;
	}
	return 0;
}
