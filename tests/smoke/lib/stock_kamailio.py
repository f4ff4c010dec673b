#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""stock_kamailio.py FLAGS MUSIC <kamailio.cfg: Debian's configuration of Kamailio, whose route for
NATs stays as it is but for what is asked here: FLAGS more for rtpproxy_manage(), music on hold
from the file MUSIC, recording of what is answered. Fails where it does not know the text."""
import re
import sys


def change(text, pattern, new, count):
    text, n = re.subn(pattern, new, text)
    if n != count:
        sys.exit(f'{pattern}: found {n} times, should be {count}')
    return text


def main():
    flags, music = sys.argv[1:]
    text = sys.stdin.read()
    text = change(text, r'rtpproxy_manage\("(\w+)"\)', rf'rtpproxy_manage("\g<1>{flags}")', 2)
    text = change(text, r'\t\troute\(DLGURI\);\n', rf'''\g<0>
		if (is_method("INVITE")) {{
			set_rtp_proxy_set("0");
			if (is_audio_on_hold()) {{
				rtpproxy_stream2uas("{music}", "-1");
			}} else {{
				rtpproxy_stop_stream2uas();
			}}
		}}
''', 1)
    text = change(text, r'(onreply_route\[MANAGE_REPLY\] \{[^}]*route\(NATMANAGE\);\n)', r'''\g<1>
		if (is_method("INVITE") && status == "200") {
			start_recording();
		}
''', 1)
    sys.stdout.write(text)


if __name__ == '__main__':
    main()
