-- SPDX-License-Identifier: BSD-3-Clause
--
-- The search that all scenarios share: the highest rate, in percent of the line, at which no
-- packet is lost, and at which one in a thousand is (RFC 2544, section 26.1). For Pktgen 23.03.0,
-- built with DPDK 22.11; the packets are those of -s 0:FILE.pcap.

local port = "0"
local trial_ms = 10000
local drain_ms = 500
local precision = 0.25 -- percent of the line

-- Share of the packets that did not come back.
local function loss_at(rate)
	pktgen.set(port, "rate", rate)
	pktgen.clr()
	pktgen.delay(200)
	pktgen.start(port)
	pktgen.delay(trial_ms)
	pktgen.stop(port)
	pktgen.delay(drain_ms)

	local s = pktgen.portStats(port, "port")[tonumber(port)]
	local loss = 1
	if s.opackets > 0 then
		loss = math.max(0, s.opackets - s.ipackets) / s.opackets
	end
	print(string.format("%s: %6.2f %% of the line, %.3f Mpps, lost %.5f %%", scenario, rate,
		s.opackets / trial_ms / 1000, 100 * loss))
	return loss
end

local function search(allowed)
	local low, high = 0, 100
	local rate = high
	while high - low > precision do
		if loss_at(rate) <= allowed then
			low = rate
			if rate == 100 then
				break
			end
		else
			high = rate
		end
		rate = (low + high) / 2
	end
	return low
end

pktgen.screen("off")
pktgen.pcap(port, "on")
pktgen.set(port, "count", 0)
local tenth = search(0.001)
local none = search(0)
print(string.format("%s: %.2f %% of the line without loss, %.2f %% with 0.1 %% lost", scenario,
	none, tenth))
pktgen.quit()
