-- SPDX-License-Identifier: BSD-3-Clause
--
-- bridge46: IPv4 on one leg, IPv6 on the other; half the packets go each way.
--
-- For Pktgen 23.03.0, built with DPDK 22.11. Beforehand, as README.md has it:
--
--	traffic config bridge46 … >tandemd.json         and tandemd runs
--	traffic packets bridge46 … --pcap bridge46.pcap
--
-- Then, here with core 1 to receive and core 2 to send:
--
--	pktgen -l 0-2 -n 4 -a 0000:01:00.0 -- -P -m "[1:2].0" -s 0:bridge46.pcap -f bridge46.lua
--
-- The same with Debian's packages only, at full rate and without a search:
--
--	./testpmd-gen 0000:01:00.0 bridge46.pcap 10

scenario = "bridge46"
dofile("search.lua")
