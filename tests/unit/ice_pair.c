/* SPDX-License-Identifier: BSD-3-Clause */
#include "ice_pair.h"

struct bed *one(enum ice_mode mode)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 0, mode, false, A, 4000);

	bed_agent(b, 0, &c);
	return b;
}

struct bed *call(enum ice_mode x, enum ice_mode y)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, x, true, A, 4000);
	struct ice_config cy = bed_config(b, 1, y, false, B, 5000);

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	return b;
}
