package hid

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
)

// errNotPOS: the device is no HID POS scanner by its descriptor.
var errNotPOS = errors.New("the device describes no scanned data (usage page 8C, usage FE)")

// layout says where a scanner's input reports hold what, as its report descriptor
// tells. Two layouts met in the field, both of 64 bytes with id 2:
//
//	Honeywell, Access-IS  id, count, ] and two of the AIM identifier, 56 of data, 2 of the maker's, flag
//	Newland, IDTech       id, count, 56 of data, 4 reserved, 1 of the maker's, flag
//
// Sources: ATR110 and LSR118 product manuals, FM420 integration guide; sure. That
// other makes order the fields otherwise is why none of this is assumed.
type layout struct {
	// numbered says that the first byte of a report is its id.
	numbered bool
	scans    map[byte]scanReport
}

// scanReport is one kind of report that carries a scan or a part of one.
type scanReport struct {
	count     *field // how many bytes of data are good
	symbology []field
	data      []field
	continued *field
	bytes     int // of the data fields
	length    int // of the report, in bytes
}

// part is what one report says.
type part struct {
	symbology string // AIM identifier with its bracket, or ""
	data      []byte
	continued bool
}

// layoutOf finds the reports with scanned data in a descriptor. The error is
// errDescriptor or errNotPOS.
func layoutOf(descriptor []byte) (layout, error) {
	inputs, err := parse(descriptor)
	if err != nil {
		return layout{}, err
	}
	l := layout{scans: map[byte]scanReport{}}
	for _, in := range inputs {
		l.numbered = l.numbered || in.id != 0
		if r, ok := scanReportOf(in); ok {
			l.scans[in.id] = r
		}
	}
	if len(l.scans) == 0 {
		return layout{}, errNotPOS
	}
	return l, nil
}

func scanReportOf(in *input) (scanReport, bool) {
	r := scanReport{length: (in.bits + 7) / 8}
	for _, f := range in.fields {
		switch {
		case f.within&0xFFFF0000 != pageScanner:
		case f.usage == usageByteCount && f.bits <= 32:
			r.count = &f
		case f.usage >= usageSymbology1 && f.usage <= usageSymbology3:
			r.symbology = append(r.symbology, f)
		case f.usage == usageData:
			r.data = append(r.data, f)
			r.bytes += f.bits / 8
		case f.usage == usageContinued && f.bits <= 32:
			r.continued = &f
		}
	}
	return r, r.bytes > 0
}

var identifier = regexp.MustCompile(`^\][A-Za-z][0-9A-Za-z]$`)

// read takes one whole report apart; false says that it carries no scan. A report
// that is shorter than described counts as filled up with zeros. The error is an unreadable.
func (l layout) read(report []byte) (part, bool, error) {
	var id byte
	if l.numbered && len(report) > 0 {
		id = report[0]
	}
	r, ok := l.scans[id]
	if !ok {
		return part{}, false, nil
	}
	if short := r.length - len(report); short > 0 {
		report = append(bytes.Clone(report), make([]byte, short)...)
	}
	p := part{data: bytesOf(report, r.data), continued: r.continued != nil && number(report, *r.continued) != 0}
	if s := bytesOf(report, r.symbology); identifier.Match(s) {
		p.symbology = string(s)
	}
	if r.count == nil {
		p.data = bytes.TrimRight(p.data, "\x00")
		return p, true, nil
	}
	n := int(number(report, *r.count))
	if n > len(p.data) {
		return p, true, unreadable(fmt.Sprintf("the scanner's report counts %d bytes and has room for %d; scan again", n, len(p.data)))
	}
	p.data = p.data[:n]
	return p, true, nil
}

// bytesOf joins the whole bytes of fields.
func bytesOf(report []byte, fields []field) []byte {
	var out []byte
	for _, f := range fields {
		for at := f.at; at+8 <= f.at+f.bits; at += 8 {
			out = append(out, byte(number(report, field{at: at, bits: 8})))
		}
	}
	return out
}

// number reads up to 32 bits, the lowest first.
func number(report []byte, f field) (n uint32) {
	for i := range f.bits {
		at := f.at + i
		n |= uint32(report[at/8]>>(at%8)&1) << i
	}
	return n
}
