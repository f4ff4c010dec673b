/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptions in the manner of the stacks named, written for these tests: the lines and their
 * order are theirs, ids, keys and addresses are not.
 */
#ifndef SDP_SAMPLES_H
#define SDP_SAMPLES_H

#define PWD24 "Zy3xkQw8aB7cD9eF1gH2iJ4k"
#define FP32                                                                                       \
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"  \
	"EE:FF:00"
#define FP32B                                                                                      \
	"A1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"  \
	"EE:FF:0B"
#define KEY30  "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define KEY30B "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
#define KEY28  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw=="

/* ---- browsers ---- */

#define CHROMIUM_HEAD(groups)                                                                      \
	"v=0\r\n"                                                                                  \
	"o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"                                           \
	"s=-\r\n"                                                                                  \
	"t=0 0\r\n" groups "a=extmap-allow-mixed\r\n"                                              \
	"a=msid-semantic: WMS 3d7a\r\n"

#define CHROMIUM_TRANSPORT(mid)                                                                    \
	"a=rtcp:9 IN IP4 0.0.0.0\r\n"                                                              \
	"a=ice-ufrag:9uB6\r\n"                                                                     \
	"a=ice-pwd:" PWD24 "\r\n"                                                                  \
	"a=ice-options:trickle\r\n"                                                                \
	"a=fingerprint:sha-256 " FP32 "\r\n"                                                       \
	"a=setup:actpass\r\n"                                                                      \
	"a=mid:" mid "\r\n"

#define CHROMIUM_AUDIO                                                                             \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 13 110\r\n"                                           \
	"c=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT(                                                 \
		"0") "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"                  \
		     "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                          \
		     "a=sendrecv\r\n"                                                              \
		     "a=msid:3d7a a0\r\n"                                                          \
		     "a=rtcp-mux\r\n"                                                              \
		     "a=rtcp-rsize\r\n"                                                            \
		     "a=rtpmap:111 opus/48000/2\r\n"                                               \
		     "a=rtcp-fb:111 transport-cc\r\n"                                              \
		     "a=fmtp:111 minptime=10;useinbandfec=1\r\n"                                   \
		     "a=rtpmap:0 PCMU/8000\r\n"                                                    \
		     "a=rtpmap:8 PCMA/8000\r\n"                                                    \
		     "a=rtpmap:13 CN/8000\r\n"                                                     \
		     "a=rtpmap:110 telephone-event/48000\r\n"                                      \
		     "a=ssrc:1001 cname:x1\r\n"

#define CHROMIUM_VIDEO                                                                             \
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\n"                                                \
	"c=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT("1") "a=sendrecv\r\n"                            \
						       "a=msid:3d7a v0\r\n"                        \
						       "a=rtcp-mux\r\n"                            \
						       "a=rtcp-rsize\r\n"                          \
						       "a=rtpmap:96 VP8/90000\r\n"                 \
						       "a=rtcp-fb:96 goog-remb\r\n"                \
						       "a=rtcp-fb:96 nack pli\r\n"                 \
						       "a=rtpmap:97 rtx/90000\r\n"                 \
						       "a=fmtp:97 apt=96\r\n"                      \
						       "a=rtpmap:102 H264/90000\r\n"               \
						       "a=ssrc-group:FID 2001 2002\r\n"            \
						       "a=ssrc:2001 cname:x1\r\n"                  \
						       "a=ssrc:2002 cname:x1\r\n"

#define CHROMIUM_OFFER       CHROMIUM_HEAD("a=group:BUNDLE 0 1\r\n") CHROMIUM_AUDIO CHROMIUM_VIDEO
#define CHROMIUM_AUDIO_OFFER CHROMIUM_HEAD("a=group:BUNDLE 0\r\n") CHROMIUM_AUDIO
#define CHROMIUM_DATA                                                                              \
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"                                     \
	"c=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT("2") "a=sctp-port:5000\r\n"                      \
						       "a=max-message-size:262144\r\n"

#define CHROMIUM_ANSWER_SECTION(line, mid, rest)                                                   \
	line "\r\nc=IN IP4 0.0.0.0\r\n"                                                            \
	     "a=rtcp:9 IN IP4 0.0.0.0\r\n"                                                         \
	     "a=ice-ufrag:Xk2p\r\n"                                                                \
	     "a=ice-pwd:" PWD24 "\r\n"                                                             \
	     "a=ice-options:trickle\r\n"                                                           \
	     "a=fingerprint:sha-256 " FP32B "\r\n"                                                 \
	     "a=setup:active\r\n"                                                                  \
	     "a=mid:" mid "\r\n"                                                                   \
	     "a=sendrecv\r\n"                                                                      \
	     "a=rtcp-mux\r\n" rest

#define CHROMIUM_ANSWER                                                                            \
	"v=0\r\n"                                                                                  \
	"o=- 7000000000000000001 2 IN IP4 127.0.0.1\r\n"                                           \
	"s=-\r\n"                                                                                  \
	"t=0 0\r\n"                                                                                \
	"a=group:BUNDLE 0 1\r\n"                                                                   \
	"a=msid-semantic: WMS\r\n" CHROMIUM_ANSWER_SECTION(                                        \
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 110", "0",                                        \
		"a=rtpmap:111 opus/48000/2\r\n"                                                    \
		"a=rtcp-fb:111 transport-cc\r\n"                                                   \
		"a=rtpmap:110 telephone-event/48000\r\n")                                          \
		CHROMIUM_ANSWER_SECTION("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "1",                  \
					"a=rtcp-rsize\r\n"                                         \
					"a=rtpmap:96 VP8/90000\r\n"                                \
					"a=rtcp-fb:96 nack pli\r\n"                                \
					"a=rtpmap:97 rtx/90000\r\n"                                \
					"a=fmtp:97 apt=96\r\n")

/* Fingerprint, options and direction on the session's level; video rides on audio's port. */
#define FIREFOX_OFFER                                                                              \
	"v=0\r\n"                                                                                  \
	"o=mozilla...THIS_IS_SDPARTA-99.0 5837464612345678901 0 IN IP4 0.0.0.0\r\n"                \
	"s=-\r\n"                                                                                  \
	"t=0 0\r\n"                                                                                \
	"a=sendrecv\r\n"                                                                           \
	"a=fingerprint:sha-256 " FP32 "\r\n"                                                       \
	"a=group:BUNDLE 0 1\r\n"                                                                   \
	"a=ice-options:trickle\r\n"                                                                \
	"a=msid-semantic:WMS *\r\n"                                                                \
	"m=audio 49203 UDP/TLS/RTP/SAVPF 109 9 0 8 101\r\n"                                        \
	"c=IN IP4 10.0.0.77\r\n"                                                                   \
	"a=candidate:0 1 UDP 2122252543 10.0.0.77 49203 typ host\r\n"                              \
	"a=candidate:2 1 TCP 2105524479 10.0.0.77 9 typ host tcptype active\r\n"                   \
	"a=candidate:3 1 UDP 2122187007 5f0f-77aa.local 49204 typ host\r\n"                        \
	"a=sendrecv\r\n"                                                                           \
	"a=end-of-candidates\r\n"                                                                  \
	"a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                                       \
	"a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\n"                             \
	"a=ice-pwd:4f1c0a3e7b2d9586ac4d3e2f10b9a8c7\r\n"                                           \
	"a=ice-ufrag:1b9f6c2d\r\n"                                                                 \
	"a=mid:0\r\n"                                                                              \
	"a=msid:- {d1}\r\n"                                                                        \
	"a=rtcp-mux\r\n"                                                                           \
	"a=rtpmap:109 opus/48000/2\r\n"                                                            \
	"a=rtpmap:9 G722/8000/1\r\n"                                                               \
	"a=rtpmap:0 PCMU/8000\r\n"                                                                 \
	"a=rtpmap:8 PCMA/8000\r\n"                                                                 \
	"a=rtpmap:101 telephone-event/8000\r\n"                                                    \
	"a=setup:actpass\r\n"                                                                      \
	"a=ssrc:3001 cname:{c1}\r\n"                                                               \
	"m=video 0 UDP/TLS/RTP/SAVPF 120 124\r\n"                                                  \
	"c=IN IP4 0.0.0.0\r\n"                                                                     \
	"a=bundle-only\r\n"                                                                        \
	"a=sendrecv\r\n"                                                                           \
	"a=ice-pwd:4f1c0a3e7b2d9586ac4d3e2f10b9a8c7\r\n"                                           \
	"a=ice-ufrag:1b9f6c2d\r\n"                                                                 \
	"a=mid:1\r\n"                                                                              \
	"a=rtcp-fb:120 nack\r\n"                                                                   \
	"a=rtcp-mux\r\n"                                                                           \
	"a=rtpmap:120 VP8/90000\r\n"                                                               \
	"a=rtpmap:124 rtx/90000\r\n"                                                               \
	"a=fmtp:124 apt=120\r\n"                                                                   \
	"a=setup:actpass\r\n"

/* ---- other stacks of WebRTC ---- */

#define AIORTC_OFFER                                                                               \
	"v=0\r\n"                                                                                  \
	"o=- 3868331676 3868331676 IN IP4 0.0.0.0\r\n"                                             \
	"s=-\r\n"                                                                                  \
	"t=0 0\r\n"                                                                                \
	"a=group:BUNDLE 0\r\n"                                                                     \
	"a=msid-semantic:WMS *\r\n"                                                                \
	"m=audio 37721 UDP/TLS/RTP/SAVPF 96 0 8\r\n"                                               \
	"c=IN IP4 10.0.0.21\r\n"                                                                   \
	"a=sendrecv\r\n"                                                                           \
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                                       \
	"a=mid:0\r\n"                                                                              \
	"a=msid:6e1e 6e1f\r\n"                                                                     \
	"a=rtcp:9 IN IP4 0.0.0.0\r\n"                                                              \
	"a=rtcp-mux\r\n"                                                                           \
	"a=ssrc:4001 cname:y\r\n"                                                                  \
	"a=rtpmap:96 opus/48000/2\r\n"                                                             \
	"a=rtpmap:0 PCMU/8000\r\n"                                                                 \
	"a=rtpmap:8 PCMA/8000\r\n"                                                                 \
	"a=candidate:ba 1 udp 2130706431 10.0.0.21 37721 typ host\r\n"                             \
	"a=end-of-candidates\r\n"                                                                  \
	"a=ice-ufrag:Wb3e\r\n"                                                                     \
	"a=ice-pwd:aMMWnhoOdFzLj8ZgTvfVmh\r\n"                                                     \
	"a=fingerprint:sha-256 " FP32 "\r\n"                                                       \
	"a=fingerprint:sha-512 " FP32 ":" FP32B "\r\n"                                             \
	"a=setup:actpass\r\n"

/* Attributes of transport before those of media, one group for all. */
#define PION_ANSWER                                                                                \
	"v=0\r\n"                                                                                  \
	"o=- 8119999999999999999 1700000000 IN IP4 0.0.0.0\r\n"                                    \
	"s=-\r\n"                                                                                  \
	"t=0 0\r\n"                                                                                \
	"a=fingerprint:sha-256 " FP32B "\r\n"                                                      \
	"a=group:BUNDLE 0 1\r\n"                                                                   \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"                                                      \
	"c=IN IP4 0.0.0.0\r\n"                                                                     \
	"a=setup:active\r\n"                                                                       \
	"a=mid:0\r\n"                                                                              \
	"a=ice-ufrag:LbJGiCkXzbhmtQgF\r\n"                                                         \
	"a=ice-pwd:JmVfCiTxrXfoLgdnJSmNOXhOVwgTRlHn\r\n"                                           \
	"a=rtcp-mux\r\n"                                                                           \
	"a=rtcp-rsize\r\n"                                                                         \
	"a=rtpmap:111 opus/48000/2\r\n"                                                            \
	"a=candidate:1 1 udp 2130706431 10.0.0.31 51000 typ host\r\n"                              \
	"a=candidate:1 2 udp 2130706431 10.0.0.31 51000 typ host\r\n"                              \
	"a=end-of-candidates\r\n"                                                                  \
	"a=recvonly\r\n"                                                                           \
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"                                                       \
	"c=IN IP4 0.0.0.0\r\n"                                                                     \
	"a=setup:active\r\n"                                                                       \
	"a=mid:1\r\n"                                                                              \
	"a=ice-ufrag:LbJGiCkXzbhmtQgF\r\n"                                                         \
	"a=ice-pwd:JmVfCiTxrXfoLgdnJSmNOXhOVwgTRlHn\r\n"                                           \
	"a=rtcp-mux\r\n"                                                                           \
	"a=rtpmap:96 VP8/90000\r\n"                                                                \
	"a=rtcp-fb:96 nack pli\r\n"                                                                \
	"a=sendonly\r\n"

/* No group, a transport for each section; c= behind the m= of both. */
#define GSTREAMER_OFFER                                                                            \
	"v=0\r\n"                                                                                  \
	"o=- 1188823400117391 0 IN IP4 0.0.0.0\r\n"                                                \
	"s=-\r\n"                                                                                  \
	"t=0 0\r\n"                                                                                \
	"a=ice-options:trickle\r\n"                                                                \
	"m=audio 9 UDP/TLS/RTP/SAVPF 97\r\n"                                                       \
	"c=IN IP4 0.0.0.0\r\n"                                                                     \
	"a=setup:actpass\r\n"                                                                      \
	"a=ice-ufrag:gst1audio\r\n"                                                                \
	"a=ice-pwd:" PWD24 "\r\n"                                                                  \
	"a=rtcp-mux\r\n"                                                                           \
	"a=rtcp-rsize\r\n"                                                                         \
	"a=sendrecv\r\n"                                                                           \
	"a=rtpmap:97 OPUS/48000/2\r\n"                                                             \
	"a=rtcp-fb:97 transport-cc\r\n"                                                            \
	"a=ssrc:5001 cname:user\r\n"                                                               \
	"a=mid:audio0\r\n"                                                                         \
	"a=fingerprint:sha-256 " FP32 "\r\n"                                                       \
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"                                                       \
	"c=IN IP4 0.0.0.0\r\n"                                                                     \
	"a=setup:actpass\r\n"                                                                      \
	"a=ice-ufrag:gst1video\r\n"                                                                \
	"a=ice-pwd:" PWD24 "\r\n"                                                                  \
	"a=rtcp-mux\r\n"                                                                           \
	"a=sendrecv\r\n"                                                                           \
	"a=rtpmap:96 VP8/90000\r\n"                                                                \
	"a=rtcp-fb:96 nack pli\r\n"                                                                \
	"a=mid:video1\r\n"                                                                         \
	"a=fingerprint:sha-256 " FP32 "\r\n"

/* ---- phones ---- */

#define PHONE_HEAD(version)                                                                        \
	"v=0\r\n"                                                                                  \
	"o=phone 2890844526 " version " IN IP4 10.0.0.2\r\n"                                       \
	"s=A call\r\n"                                                                             \
	"c=IN IP4 10.0.0.2\r\n"                                                                    \
	"t=0 0\r\n"

#define PHONE_OFFER                                                                                \
	PHONE_HEAD("2890844526")                                                                   \
	"m=audio 4000 RTP/AVP 0 8 101 \r\n"                                                        \
	"a=rtpmap:101 telephone-event/8000\r\n"                                                    \
	"a=fmtp:101 0-15\r\n"                                                                      \
	"a=ptime:20\r\n"

#define PHONE_ANSWER PHONE_OFFER

#define PHONE_AV_ANSWER                                                                            \
	PHONE_HEAD("5")                                                                            \
	"m=audio 4000 RTP/AVP 0\r\n"                                                               \
	"m=video 4002 RTP/AVP 96\r\n"                                                              \
	"a=rtpmap:96 VP8/90000\r\n"                                                                \
	"a=rtcp:4010\r\n"

#define BARESIP_SDES_OFFER                                                                         \
	"v=0\r\n"                                                                                  \
	"o=- 1234567 7654321 IN IP4 10.0.0.5\r\n"                                                  \
	"s=-\r\n"                                                                                  \
	"c=IN IP4 10.0.0.5\r\n"                                                                    \
	"t=0 0\r\n"                                                                                \
	"a=tool:baresip 1.0.0\r\n"                                                                 \
	"m=audio 16000 RTP/SAVP 0 8\r\n"                                                           \
	"a=rtpmap:0 PCMU/8000\r\n"                                                                 \
	"a=rtpmap:8 PCMA/8000\r\n"                                                                 \
	"a=sendrecv\r\n"                                                                           \
	"a=label:1\r\n"                                                                            \
	"a=rtcp-rsize\r\n"                                                                         \
	"a=ssrc:6001 cname:sip:a@10.0.0.5\r\n"                                                     \
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "\r\n"                                  \
	"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY30B "\r\n"

/* A suite that nobody has, a lifetime and an MKI, AVPF; a second line that can be used. */
#define LINPHONE_SDES_OFFER                                                                        \
	"v=0\r\n"                                                                                  \
	"o=lin 3034 1811 IN IP4 10.0.0.6\r\n"                                                      \
	"s=Talk\r\n"                                                                               \
	"c=IN IP4 10.0.0.6\r\n"                                                                    \
	"t=0 0\r\n"                                                                                \
	"a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics\r\n"             \
	"m=audio 7078 RTP/SAVPF 96 97 0\r\n"                                                       \
	"a=rtpmap:96 opus/48000/2\r\n"                                                             \
	"a=fmtp:96 useinbandfec=1\r\n"                                                             \
	"a=rtpmap:97 telephone-event/48000\r\n"                                                    \
	"a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY30 "\r\n"                                      \
	"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "|2^31|1:4\r\n"                         \
	"a=crypto:3 AEAD_AES_128_GCM inline:" KEY28 "\r\n"                                         \
	"a=rtcp:7090\r\n"                                                                          \
	"a=rtcp-fb:* trr-int 1000\r\n"                                                             \
	"a=rtcp-fb:* ccm tmmbr\r\n"

#define SDES_ANSWER(tag, suite)                                                                    \
	"v=0\r\n"                                                                                  \
	"o=- 99 1 IN IP4 10.0.0.5\r\n"                                                             \
	"s=-\r\n"                                                                                  \
	"c=IN IP4 10.0.0.5\r\n"                                                                    \
	"t=0 0\r\n"                                                                                \
	"m=audio 16000 RTP/SAVP 0\r\n"                                                             \
	"a=crypto:" tag " " suite " inline:" KEY30B "\r\n"

#define DTLS_PHONE_OFFER                                                                           \
	"v=0\r\n"                                                                                  \
	"o=- 555 1 IN IP4 10.0.0.8\r\n"                                                            \
	"s=-\r\n"                                                                                  \
	"c=IN IP4 10.0.0.8\r\n"                                                                    \
	"t=0 0\r\n"                                                                                \
	"m=audio 18000 UDP/TLS/RTP/SAVP 0\r\n"                                                     \
	"a=fingerprint:SHA-256 " FP32 "\r\n"                                                       \
	"a=setup:actpass\r\n"                                                                      \
	"a=rtcp-mux\r\n"

/* Audio gives way to fax in a further offer; the gateway's simple capabilities stay. */
#define T38_LINES                                                                                  \
	"m=image 4500 udptl t38\r\n"                                                               \
	"a=T38FaxVersion:0\r\n"                                                                    \
	"a=T38MaxBitRate:14400\r\n"                                                                \
	"a=T38FaxRateManagement:transferredTCF\r\n"                                                \
	"a=T38FaxMaxDatagram:238\r\n"                                                              \
	"a=T38FaxUdpEC:t38UDPRedundancy\r\n"
#define T38_OFFER                                                                                  \
	PHONE_HEAD("2890844527")                                                                   \
	"a=sqn: 0\r\n"                                                                             \
	"a=cdsc: 1 audio RTP/AVP 0\r\n"                                                            \
	"a=cdsc: 2 image udptl t38\r\n" T38_LINES

#endif
