#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the NAT of this namespace forget its mappings, as one that was switched off and on."""
import socket
import struct

NETLINK_NETFILTER = 12
NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE = 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2


def main():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    body = struct.pack('=BBH', socket.AF_UNSPEC, 0, 0)
    s.send(struct.pack('=IHHII', 16 + len(body), NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
                       NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
    answer = s.recv(4096)
    error = struct.unpack_from('=i', answer, 16)[0]
    if struct.unpack_from('=H', answer, 4)[0] != NLMSG_ERROR or error != 0:
        raise SystemExit(f'FAILED: the mappings are not forgotten: error {-error}')


if __name__ == '__main__':
    main()
