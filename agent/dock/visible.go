package dock

import (
	"html/template"
	"strings"

	"dockfill/sync/why"
)

// Visible is why.Visible, for whoever fills this package's types.
func Visible(s string) string { return why.Visible(s) }

// wholeChars is the longest word that is kept on one line.
const wholeChars = 32

// whole makes HTML in which a line breaks between words alone: a browser would
// break an order number or a SKU at its hyphen, too.
func whole(s string) template.HTML {
	var b strings.Builder
	for i, word := range strings.Split(s, " ") {
		if i > 0 {
			b.WriteByte(' ')
		}
		safe := template.HTMLEscapeString(word)
		if strings.ContainsAny(word, "-/") && len(word) <= wholeChars {
			safe = `<span class="k">` + safe + `</span>`
		}
		b.WriteString(safe)
	}
	return template.HTML(b.String())
}
