/* SPDX-License-Identifier: BSD-3-Clause */
/* help: the verbs, the methods, and what a method takes; all from tables. */
#include "ctl.h"

#include <string.h>

#include "args.h"
#include "table.h"

static const struct ctl_column plain[] = {{NULL, false}, {NULL, false}};

static void verb_table(struct tnd_buf *out)
{
	struct ctl_table t;

	tnd_buf_adds(out, "Verbs:\n");
	ctl_table_init(&t, plain, 2);
	for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++) {
		ctl_table_cellf(&t, "  %s%s%s", v->name, *v->args ? " " : "", v->args);
		ctl_table_cell(&t, v->summary);
	}
	ctl_table_print(&t, out, ctl_columns());
	ctl_table_free(&t);
}

static void method_table(struct tnd_buf *out)
{
	struct ctl_table t;

	tnd_buf_adds(out, "\nMethods (tandemctl help METHOD says what each takes):\n");
	ctl_table_init(&t, plain, 2);
	for (size_t i = 0; i < API_METHOD_COUNT; i++) {
		ctl_table_cellf(&t, "  %s", api_methods[i].name);
		ctl_table_cellf(&t, "%s%s", api_methods[i].summary,
				api_methods[i].unsupported ? " (unsupported)" : "");
	}
	ctl_table_print(&t, out, ctl_columns());
	ctl_table_free(&t);
}

static void general(struct tnd_buf *out)
{
	tnd_buf_adds(out,
		     "Usage: tandemctl [OPTION…] VERB [ARGUMENT…]\n"
		     "       tandemctl [OPTION…] METHOD [KEY=VALUE | KEY:=JSON | KEY:=@FILE]…\n"
		     "       tandemctl [OPTION…] METHOD -          (params as JSON on stdin)\n\n"
		     "Options:\n"
		     "  -s, --socket PATH     the daemon's socket (else $TANDEM_SOCKET, else\n"
		     "                        " CTL_DEFAULT_SOCKET ")\n"
		     "  -j, --json            JSON instead of tables\n"
		     "      --timeout SECONDS for each answer (default 5)\n"
		     "      --params JSON     a method's params; @FILE, or - for stdin\n"
		     "  -h, --help            this\n"
		     "      --version         version\n\n");
	verb_table(out);
	method_table(out);
	tnd_buf_adds(out, "\nExit status: 0, 1 (error answer), 2 (usage), 3 (no daemon).\n");
}

static void one_method(struct tnd_buf *out, const struct api_method *m)
{
	static const struct ctl_column columns[] = {
		{"KEY", false}, {"TYPE", false}, {"DEFAULT", false}, {"MEANING", false}};
	struct ctl_table t;

	tnd_buf_addf(out, "%s: %s. Access: %s.\n%s\n", m->name, m->summary,
		     m->write ? "write" : "read", m->description);
	if (m->unsupported)
		tnd_buf_adds(out, "This version answers unsupported.\n");
	if (m->param_count == 0)
		return;
	tnd_buf_addc(out, '\n');
	ctl_table_init(&t, columns, 4);
	for (size_t i = 0; i < m->param_count; i++) {
		const struct api_param *p = &m->param_list[i];

		/* As it is typed: a position where the schema has a list. */
		struct tnd_buf key = {0};

		for (const char *c = p->name; *c != '\0'; c++) {
			if (c[0] == '[' && c[1] == ']') {
				tnd_buf_adds(&key, ".N");
				c++;
			} else {
				tnd_buf_addc(&key, *c);
			}
		}
		ctl_table_take(&t, &key);
		tnd_buf_free(&key);
		ctl_table_cell(&t, p->type);
		ctl_table_cell(&t, p->required        ? "required"
				   : p->default_value ? p->default_value
						      : "");
		ctl_table_cell(&t, p->description);
	}
	ctl_table_print(&t, out, ctl_columns());
	ctl_table_free(&t);
}

static void one_verb(struct tnd_buf *out, const struct ctl_verb *v)
{
	tnd_buf_addf(out, "Usage: tandemctl %s%s%s\n%s.\n", v->name, *v->args ? " " : "", v->args,
		     v->summary);
}

enum ctl_status ctl_verb_help(struct ctl *ctl, char *const *args, size_t count)
{
	const struct api_method *m = count > 0 ? ctl_args_method(args[0]) : NULL;
	struct tnd_buf out = {0};
	enum ctl_status status;

	if (count == 0) {
		general(&out);
	} else if (m != NULL) {
		one_method(&out, m);
	} else {
		const struct ctl_verb *v = ctl_verbs;

		while (v->name != NULL && strcmp(v->name, args[0]) != 0)
			v++;
		if (v->name == NULL)
			return ctl_fail(ctl, CTL_USAGE, "%s: no such method or verb", args[0]);
		one_verb(&out, v);
	}
	status = ctl_write(ctl, &out);
	tnd_buf_free(&out);
	return status;
}
