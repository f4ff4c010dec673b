-- SPDX-License-Identifier: BSD-3-Clause
--
-- relay6: IPv6 on both legs.
--
-- For Pktgen 23.03.0, built with DPDK 22.11. Beforehand, as README.md has it:
--
--	traffic config relay6 … >tandemd.json         and tandemd runs
--	traffic packets relay6 … --pcap relay6.pcap
--
-- Then, here with core 1 to receive and core 2 to send:
--
--	pktgen -l 0-2 -n 4 -a 0000:01:00.0 -- -P -m "[1:2].0" -s 0:relay6.pcap -f relay6.lua
--
-- The same with Debian's packages only, at full rate and without a search:
--
--	./testpmd-gen 0000:01:00.0 relay6.pcap 10

scenario = "relay6"
dofile("search.lua")
