// SPDX-License-Identifier: BSD-3-Clause

// pion as a party (../peer.py). It sends silence in Opus and a black picture in VP8.
//
//	pion-peer [lite] [active|passive] [gcm]
//
// lite: an ICE lite agent; active, passive: its setup role when it answers; gcm: its only
// protection profile.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v2"
	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
)

var silence = []byte{0xf8, 0xff, 0xfe}

type request struct {
	Do         string
	Sdp        string
	Audio      *bool
	Video      bool
	Again      bool
	On         bool
	IceRestart bool `json:"ice_restart"`
}

type answer map[string]interface{}

// counts of one kind of media, written by the goroutines that read and write it.
type counts struct {
	sent, received, reportedSent, reports, roundTrips, pli, first, highest uint64
	reportedLost                                                           int32
}

type party struct {
	api   *webrtc.API
	pc    *webrtc.PeerConnection
	kinds map[string]*counts
	lock  sync.Mutex
	muted int32
}

func newParty(options []string) (*party, error) {
	var settings webrtc.SettingEngine
	// Standard output is for answers.
	settings.LoggerFactory = &logging.DefaultLoggerFactory{Writer: os.Stderr,
		DefaultLogLevel: logging.LogLevelWarn, ScopeLevels: map[string]logging.LogLevel{}}
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	for _, option := range options {
		var err error
		switch option {
		case "lite":
			settings.SetLite(true)
		case "active":
			err = settings.SetAnsweringDTLSRole(webrtc.DTLSRoleClient)
		case "passive":
			err = settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer)
		case "gcm":
			settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
		default:
			err = fmt.Errorf("unknown option %s", option)
		}
		if err != nil {
			return nil, err
		}
	}
	engine, reports := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	if err := webrtc.RegisterDefaultInterceptors(engine, reports); err != nil {
		return nil, err
	}
	return &party{kinds: map[string]*counts{}, api: webrtc.NewAPI(webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(reports), webrtc.WithSettingEngine(settings))}, nil
}

func (p *party) open(r request) error {
	if r.Again {
		return nil
	}
	var err error
	if p.pc, err = p.api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	p.pc.OnTrack(p.read)
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		fmt.Fprintln(os.Stderr, s)
	})
	if r.Audio == nil || *r.Audio {
		err = p.write("audio", webrtc.MimeTypeOpus, 20*time.Millisecond, silence)
	}
	if err == nil && r.Video {
		err = p.write("video", webrtc.MimeTypeVP8, 100*time.Millisecond, black)
	}
	return err
}

// write sends `sample` every `every` from when the peer is connected.
func (p *party) write(kind, mime string, every time.Duration, sample []byte) error {
	c := &counts{}
	p.kinds[kind] = c
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, kind, "pion")
	if err != nil {
		return err
	}
	sender, err := p.pc.AddTrack(track)
	if err != nil {
		return err
	}
	go func() {
		for range time.Tick(every) {
			if p.pc.ConnectionState() != webrtc.PeerConnectionStateConnected ||
				atomic.LoadInt32(&p.muted) != 0 {
				continue
			}
			if track.WriteSample(media.Sample{Data: sample, Duration: every}) == nil {
				atomic.AddUint64(&c.sent, 1)
			}
		}
	}()
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			p.reported(c, packets)
		}
	}()
	return nil
}

// reported takes in what the other says of us.
func (p *party) reported(c *counts, packets []rtcp.Packet) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, packet := range packets {
		var blocks []rtcp.ReceptionReport
		switch report := packet.(type) {
		case *rtcp.ReceiverReport:
			blocks = report.Reports
		case *rtcp.SenderReport:
			blocks = report.Reports
		case *rtcp.PictureLossIndication:
			c.pli++
		}
		for _, block := range blocks {
			c.reportedLost = int32(block.TotalLost<<8) >> 8 // 24 bits with a sign
			if block.LastSenderReport != 0 {
				c.roundTrips++
			}
		}
	}
}

func (p *party) read(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	c := p.kinds[track.Kind().String()]
	go func() {
		for {
			packets, _, err := receiver.ReadRTCP()
			if err != nil {
				return
			}
			p.lock.Lock()
			for _, packet := range packets {
				if report, ok := packet.(*rtcp.SenderReport); ok {
					c.reports++
					c.reportedSent = uint64(report.PacketCount)
				}
			}
			p.lock.Unlock()
		}
	}()
	var last uint16
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		p.lock.Lock()
		if c.received == 0 {
			c.first = uint64(packet.SequenceNumber)
			c.highest = c.first
			last = packet.SequenceNumber
		}
		if step := int16(packet.SequenceNumber - last); step > 0 {
			c.highest += uint64(step)
			last = packet.SequenceNumber
		}
		c.received++
		p.lock.Unlock()
	}
}

// described waits for all candidates.
func (p *party) described(d webrtc.SessionDescription) (answer, error) {
	complete := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(d); err != nil {
		return nil, err
	}
	<-complete
	return answer{"sdp": p.pc.LocalDescription().SDP}, nil
}

func (p *party) offer(r request) (answer, error) {
	if err := p.open(r); err != nil {
		return nil, err
	}
	d, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: r.IceRestart})
	if err != nil {
		return nil, err
	}
	return p.described(d)
}

func (p *party) accept(r request) (answer, error) {
	if err := p.open(r); err != nil {
		return nil, err
	}
	err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: r.Sdp})
	if err != nil {
		return nil, err
	}
	d, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	return p.described(d)
}

func (p *party) stats() answer {
	p.lock.Lock()
	defer p.lock.Unlock()
	transport := p.pc.SCTP().Transport()
	for _, sender := range p.pc.GetSenders() {
		transport = sender.Transport()
	}
	out := answer{"ice": p.pc.ICEConnectionState().String(), "state": p.pc.ConnectionState().String(),
		"dtls": transport.State().String(), "role": transport.ICETransport().Role().String()}
	for kind, c := range p.kinds {
		lost := uint64(0)
		if c.received > 0 {
			lost = c.highest - c.first + 1 - c.received
		}
		out[kind] = answer{"sent": atomic.LoadUint64(&c.sent), "received": c.received, "lost": lost,
			"reports": c.reports, "reported_sent": c.reportedSent, "reported_lost": c.reportedLost,
			"round_trips": c.roundTrips, "pli_received": c.pli, "frames_decoded": c.received}
	}
	return out
}

func (p *party) do(r request) (answer, error) {
	switch r.Do {
	case "offer":
		return p.offer(r)
	case "accept":
		return p.accept(r)
	case "answered":
		return answer{}, p.pc.SetRemoteDescription(
			webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: r.Sdp})
	case "mute":
		var muted int32
		if r.On {
			muted = 1
		}
		atomic.StoreInt32(&p.muted, muted)
		return answer{}, nil
	case "stats":
		return p.stats(), nil
	}
	return nil, fmt.Errorf("unknown verb %s", r.Do)
}

func main() {
	p, err := newParty(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		a, err := answer(nil), json.Unmarshal(lines.Bytes(), &r)
		if err == nil && r.Do == "quit" {
			break
		}
		if err == nil {
			a, err = p.do(r)
		}
		if err != nil {
			a = answer{"error": err.Error()}
		}
		if out.Encode(a) != nil {
			break
		}
	}
	if p.pc != nil {
		p.pc.Close()
	}
}
