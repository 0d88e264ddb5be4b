package main

import (
	"fmt"
	"strings"

	"dockfill/cloud/web"
)

// maxNamed is how many names stand in a sentence.
const maxNamed = 5

// warnings say what was taken, or was no fault, and may still be a mistake.
func (i importCmd) warnings(res web.ImportJSON) []string {
	var all []string
	if res.Other > 0 {
		all = append(all, fmt.Sprintf("%s of %s with other content under a version that is here already: %s; what is here was kept: raise the version",
			plural(res.Other, "record"), i.Kind, named(res.OtherIDs)))
	}
	if res.NoItem > 0 {
		all = append(all, i.noItem(res))
	}
	if n := len(res.Sites); n > 0 {
		what := "sites are named for the first time"
		if n == 1 {
			what = "site is named for the first time"
		}
		all = append(all, fmt.Sprintf("%d %s: %s; start an agent there, or correct the %s in a higher version", n, what, named(res.Sites), i.Kind))
	}
	return all
}

// noItem warns of SKUs that may be misspelt, or whose items are still to come.
func (i importCmd) noItem(res web.ImportJSON) string {
	what := "name SKUs that no item describes"
	switch {
	case res.NoItem == 1:
		what = "names a SKU that no item describes"
	case len(res.NoItemSKUs) == 1:
		what = "name a SKU that no item describes"
	}
	return fmt.Sprintf("%s %s: %s; import the items, or correct the %s", plural(res.NoItem, "line"), what, named(res.NoItemSKUs), i.Kind)
}

// named lists the first of some names.
func named(names []string) string {
	text := quoted(strings.Join(names[:min(maxNamed, len(names))], ", "))
	if len(names) > maxNamed {
		text += ", ..."
	}
	return text
}
