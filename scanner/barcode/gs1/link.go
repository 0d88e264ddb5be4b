package gs1

import (
	"fmt"
	"strings"
)

// Links reads GS1 Digital Link URIs as a house wants them.
type Links struct {
	// ShortGTIN accepts (01) with 8, 12 or 13 digits, as links of the years up
	// to 2020 had them, and fills it up with zeros.
	ShortGTIN bool
}

// Link reads a link by the standard: Links without options.
func Link(dst []Element, uri string) ([]Element, *Error) { return Links{}.Read(dst, uri) }

// Read takes a GS1 Digital Link URI and adds its elements to dst: the key, its
// qualifiers, then the attributes of the query as they stand there. What comes
// before the key is ignored, and so are the fragment, query keys that are not
// numbers, and those without "=". The scheme is http or https, all small or all
// capital letters. Query keys that could be an AI but are not assigned are
// added too; Check reports them. At in elements and errors counts bytes of the
// URI, escapes as they are written. After an error dst is as it was; the codes are
// LinkSyntax, LinkPath, LinkAttribute, LinkRepeated, LinkCompressed, UnknownAI,
// Limit and those about one value.
func (l Links) Read(dst []Element, uri string) ([]Element, *Error) {
	path, query, err := split(uri)
	if err != nil {
		return dst, err
	}
	start := root(path.text)
	if start < 0 {
		return dst, noKey(uri, path)
	}
	r := linkReader{Links: l, all: dst, first: len(dst)}
	if err := r.path(path.from(start)); err != nil {
		return dst, err
	}
	if err := r.query(query); err != nil {
		return dst, err
	}
	return r.all, nil
}

// IsLink reports whether text means to be a GS1 Digital Link: an http or https
// URI with a GS1 key in the path, or with a compressed one at its end. A key whose
// AI has two or three digits, which may be a day or a page, shows itself by the
// first digits of its value, or by GS1's own domain. Read may still refuse it.
func IsLink(text string) bool {
	if hostStart(text) < 0 {
		return false
	}
	path, _, err := split(text)
	return err == nil && (holdsKey(path.text, atGS1(text)) || compressed(path.text, atGS1(text)))
}

// atGS1 reports whether a link leads to GS1's own resolver, which serves nothing but
// Digital Links.
func atGS1(uri string) bool {
	host, _, _ := strings.Cut(uri[hostStart(uri):], "/")
	return strings.EqualFold(host, "id.gs1.org")
}

// section is a piece of the URI; at counts bytes to it.
type section struct {
	text string
	at   int
}

func (s section) from(n int) section { return section{s.text[n:], s.at + n} }
func (s section) to(n int) section   { return section{s.text[:n], s.at} }

// cut parts a section at the first of that byte; what follows it is empty where
// there is none.
func (s section) cut(c byte) (before, after section) {
	if i := strings.IndexByte(s.text, c); i >= 0 {
		return s.to(i), s.from(i + 1)
	}
	return s, s.from(len(s.text))
}

// split gives path and query of a URI, the path with its first slash.
func split(uri string) (path, query section, err *Error) {
	host := hostStart(uri)
	if host < 0 {
		return path, query, bad(0, "the text does not begin with http:// or https://")
	}
	for i := range len(uri) {
		if sets[uri[i]]&inURI == 0 {
			return path, query, bad(i, "%q may not stand in a link unless it is percent-encoded", uri[i:i+1])
		}
	}
	slash := strings.IndexByte(uri[host:], '/')
	if slash < 1 {
		return path, query, bad(host, "the link has no domain with a path")
	}
	for i := host; i < host+slash; i++ {
		if sets[uri[i]]&inHost == 0 {
			return path, query, bad(i, "%q may not stand in a domain", uri[i:i+1])
		}
	}
	whole, _ := section{uri, 0}.from(host + slash).cut('#')
	path, query = whole.cut('?')
	return path, query, nil
}

// hostStart tells where the domain begins, or -1. A scheme in mixed letters is
// refused: RFC 3986 would allow it, GS1's own reader does not, and no label maker
// writes one.
func hostStart(uri string) int {
	for _, scheme := range []string{"https://", "http://", "HTTPS://", "HTTP://"} {
		if strings.HasPrefix(uri, scheme) {
			return len(scheme)
		}
	}
	return -1
}

func bad(at int, format string, args ...any) *Error {
	return &Error{Code: LinkSyntax, At: at, Message: fmt.Sprintf(format, args...)}
}

// root finds where the key stands: pairs of AI and value are followed from the
// end of the path up to the first key. It gives -1 where there is none.
func root(path string) int {
	for end := len(path); ; {
		value := strings.LastIndexByte(path[:end], '/')
		if value <= 0 {
			return -1
		}
		start := strings.LastIndexByte(path[:value], '/')
		s := exact(path[start+1 : value])
		if s == nil || start < 0 {
			return -1
		}
		if s.primary {
			return start
		}
		end = start
	}
}

// holdsKey looks for a key anywhere in the path. Where it is certain that a link is
// meant the AI is enough; an AI of four digits always is.
func holdsKey(path string, certain bool) bool {
	for rest := path; ; {
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			return false
		}
		ai, value, more := strings.Cut(after, "/")
		value, _, _ = strings.Cut(value, "/")
		if s := exact(ai); s != nil && s.primary && (more && (certain || len(ai) == 4) || startsLike(s, value)) {
			return true
		}
		rest = after
	}
}

// startsLike tells a key's value from the other numbers that stand in paths,
// such as days and page numbers.
func startsLike(s *spec, value string) bool {
	n := max(shortestPrefix, min(s.min, 8))
	plain, f := decode(value, false)
	return f.code == "" && len(plain) >= n && allDigits(plain[:n])
}

// noKey says why a path gives no key.
func noKey(uri string, path section) *Error {
	end, certain := path.at+len(path.text), atGS1(uri)
	switch {
	case compressed(path.text, certain):
		return &Error{Code: LinkCompressed, At: path.at + strings.LastIndexByte(path.text, '/') + 1, Message: "the link is compressed, " +
			"which is not supported; ask the label's maker for uncompressed links"}
	case holdsKey(path.text, certain) && strings.HasSuffix(path.text, "/"):
		return &Error{Code: LinkPath, At: end - 1, Message: "the path ends in a slash: a value is missing, or the slash is too much"}
	case holdsKey(path.text, certain):
		return &Error{Code: LinkPath, At: end, Message: "the path does not go on from its key in pairs of AI and value to its end"}
	}
	return bad(path.at, "the link holds no GS1 key")
}
