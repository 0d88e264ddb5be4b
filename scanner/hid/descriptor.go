package hid

import (
	"errors"
	"fmt"
)

// Usages are a page in the upper 16 bits and an id in the lower ones. Sources: HID
// Usage Tables 1.5, Generic Desktop Page and Barcode Scanner Page; sure.
const (
	pageScanner = 0x8C << 16

	usageByteCount  = 0x01<<16 | 0x3B
	usageSymbology1 = pageScanner | 0xFB
	usageSymbology3 = pageScanner | 0xFD
	usageData       = pageScanner | 0xFE
	usageContinued  = pageScanner | 0xFF
)

// Limits of the kernel's own parser.
const (
	maxDescriptor = 4096
	maxReportBits = 16384 * 8
	maxDepth      = 64
)

// errDescriptor: the device describes itself in a way that is none.
var errDescriptor = errors.New("the device's report descriptor is broken")

// field is a run of bits in an input report, counted from the report's first
// byte, its id included.
type field struct {
	// usage is its own, within that of the application collection around it.
	usage, within uint32
	at, bits      int
}

// input is one kind of input report.
type input struct {
	id     byte // 0 where the device numbers no reports
	bits   int  // of the whole report
	fields []field
}

// item is one item of a descriptor. Source: Device Class Definition for HID 1.11,
// section 6.2.2.
type item struct {
	kind byte // tag and type, the size bits cleared
	size int
	data uint32
}

// The items that bear on input reports.
const (
	mainInput         = 0x80
	mainOutput        = 0x90
	mainFeature       = 0xB0
	mainCollection    = 0xA0
	mainEndCollection = 0xC0
	globalUsagePage   = 0x04
	globalReportSize  = 0x74
	globalReportID    = 0x84
	globalReportCount = 0x94
	globalPush        = 0xA4
	globalPop         = 0xB4
	localUsage        = 0x08
	localUsageMin     = 0x18
	localUsageMax     = 0x28
	longItem          = 0xFE

	applicationCollection = 0x01
	constantField         = 0x01
)

// nextItem reads the first item of b and gives the rest. A long item has no
// meaning yet and comes as kind longItem.
func nextItem(b []byte) (item, []byte, error) {
	it := item{kind: b[0] &^ 3, size: [4]int{0, 1, 2, 4}[b[0]&3]}
	head := 1
	if b[0] == longItem {
		if len(b) < 3 {
			return item{}, nil, fmt.Errorf("%w: it ends inside an item", errDescriptor)
		}
		it, head = item{kind: longItem, size: int(b[1])}, 3
	}
	if len(b) < head+it.size {
		return item{}, nil, fmt.Errorf("%w: it ends inside an item", errDescriptor)
	}
	if it.kind != longItem {
		for i := range it.size {
			it.data |= uint32(b[head+i]) << (8 * i)
		}
	}
	return it, b[head+it.size:], nil
}

// globals are the settings that hold until they are changed.
type globals struct {
	page        uint32
	size, count int
	id          byte
}

// localUse is a usage that waits for its field. One of four bytes brings its page.
type localUse struct {
	usage    uint32
	extended bool
}

type parser struct {
	globals
	stack  []globals
	uses   []localUse
	min    localUse
	open   []bool // of the collections around: whether it is an application
	within uint32 // usage of the present application collection
	inputs []*input
}

// parse reads a report descriptor and gives its input reports. The error is
// errDescriptor.
func parse(descriptor []byte) ([]*input, error) {
	if len(descriptor) > maxDescriptor {
		return nil, fmt.Errorf("%w: it has %d bytes and may have %d", errDescriptor, len(descriptor), maxDescriptor)
	}
	var p parser
	for rest := descriptor; len(rest) > 0; {
		it, after, err := nextItem(rest)
		if err == nil {
			err = p.take(it)
		}
		if err != nil {
			return nil, fmt.Errorf("%w (at byte %d)", err, len(descriptor)-len(rest))
		}
		rest = after
	}
	if len(p.open) > 0 {
		return nil, fmt.Errorf("%w: a collection does not end", errDescriptor)
	}
	return p.inputs, nil
}

func (p *parser) take(it item) error {
	switch it.kind {
	case mainInput, mainOutput, mainFeature, mainCollection, mainEndCollection:
		err := p.main(it)
		p.uses, p.min = nil, localUse{}
		return err
	case globalUsagePage:
		p.page = it.data << 16
	case globalReportSize:
		p.size = int(min(it.data, maxReportBits+1))
	case globalReportCount:
		p.count = int(min(it.data, maxReportBits+1))
	case globalReportID:
		if it.data == 0 || it.data > 255 {
			return fmt.Errorf("%w: report id %d is not between 1 and 255", errDescriptor, it.data)
		}
		p.id = byte(it.data)
	case globalPush:
		if len(p.stack) == maxDepth {
			return fmt.Errorf("%w: more than %d states are pushed", errDescriptor, maxDepth)
		}
		p.stack = append(p.stack, p.globals)
	case globalPop:
		if len(p.stack) == 0 {
			return fmt.Errorf("%w: a state is popped that was not pushed", errDescriptor)
		}
		p.globals, p.stack = p.stack[len(p.stack)-1], p.stack[:len(p.stack)-1]
	case localUsage:
		p.uses = append(p.uses, p.local(it))
	case localUsageMin:
		p.min = p.local(it)
	case localUsageMax:
		p.useRange(p.local(it))
	}
	return nil
}

func (p *parser) local(it item) localUse {
	if it.size == 4 {
		return localUse{usage: it.data, extended: true}
	}
	return localUse{usage: p.page | it.data}
}

// useRange adds the usages from the last minimum to last, as far as there can be
// fields for them.
func (p *parser) useRange(last localUse) {
	for u := p.min; u.usage <= last.usage && len(p.uses) < maxReportBits; u.usage++ {
		p.uses = append(p.uses, u)
		if u.usage == last.usage {
			return // the highest number has no next one
		}
	}
}

func (p *parser) main(it item) error {
	p.settlePages()
	switch it.kind {
	case mainCollection:
		if len(p.open) == maxDepth {
			return fmt.Errorf("%w: collections lie more than %d deep", errDescriptor, maxDepth)
		}
		application := it.data == applicationCollection
		p.open = append(p.open, application)
		if application && len(p.uses) > 0 {
			p.within = p.uses[0].usage
		}
	case mainEndCollection:
		if len(p.open) == 0 {
			return fmt.Errorf("%w: a collection ends that did not begin", errDescriptor)
		}
		if p.open[len(p.open)-1] {
			p.within = 0
		}
		p.open = p.open[:len(p.open)-1]
	case mainInput:
		return p.input(it.data&constantField != 0)
	}
	return nil
}

// settlePages gives the page that was declared last to the usages that stand
// before it without one of their own, as the kernel does.
func (p *parser) settlePages() {
	for i := len(p.uses) - 1; i >= 0; i-- {
		switch u := &p.uses[i]; {
		case u.extended:
		case u.usage&0xFFFF0000 == p.page:
			return
		default:
			u.usage = p.page | u.usage&0xFFFF
		}
	}
}

// input adds count fields of size bits to the report of the present id. The last
// usage serves all fields that have none.
func (p *parser) input(constant bool) error {
	in := p.report()
	if room := maxReportBits - in.bits; p.size > 0 && p.count > room/p.size {
		return fmt.Errorf("%w: report %d is longer than %d bytes", errDescriptor, p.id, maxReportBits/8)
	}
	if constant || len(p.uses) == 0 || p.size == 0 {
		in.bits += p.size * p.count
		return nil
	}
	for i := range p.count {
		u := p.uses[min(i, len(p.uses)-1)].usage
		if n := len(in.fields); n > 0 && in.fields[n-1].goesOn(u, p.within, in.bits) {
			in.fields[n-1].bits += p.size
		} else {
			in.fields = append(in.fields, field{usage: u, within: p.within, at: in.bits, bits: p.size})
		}
		in.bits += p.size
	}
	return nil
}

// goesOn reports whether the bits from at on are more of f.
func (f field) goesOn(usage, within uint32, at int) bool {
	return f.usage == usage && f.within == within && f.at+f.bits == at
}

func (p *parser) report() *input {
	for _, in := range p.inputs {
		if in.id == p.id {
			return in
		}
	}
	in := &input{id: p.id}
	if p.id != 0 {
		in.bits = 8
	}
	p.inputs = append(p.inputs, in)
	return in
}
