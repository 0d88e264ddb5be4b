package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"dockfill/allocation/policy"
	"dockfill/cloud/store"
	"dockfill/cloud/web"
)

type policyActivateCmd struct {
	target
	policyFile
	JSON bool `env:"-" help:"Print JSON."`
}

// Help is printed below the flags.
func (policyActivateCmd) Help() string {
	return policyHelp + `

The file is checked first; with a fault nothing is sent. Sites that are there have the policy within moments, and the command waits up to 5 s for them; others have it as soon as they call.
Which orders it would have changed at a site, "dockfill-agent replay --since 7d --policy FILE.toml" says there beforehand.

Exit status:
  0  the policy is in force.
  1  it is in force, and which sites have it could not be asked.
  2  the file cannot be read, or the centre did not take the policy.
  3  the file has faults.`
}

func (a policyActivateCmd) Run(p *program) error {
	_, text, err := a.read(p)
	var faults policy.Faults
	if errors.As(err, &faults) {
		return a.list(p, faults, ": the policy in force stays.")
	}
	if err != nil {
		return err
	}
	var set web.PolicySetJSON
	if err := a.client().do(p.ctx, "PUT", "/api/v1/policy", "application/toml", bytes.NewReader(text), &set); err != nil {
		return err
	}
	sites, err := a.spread(p)
	if a.JSON {
		err = errors.Join(a.json(p, set, sites), err)
	} else {
		tellActive(p.out, set, sites, err == nil)
	}
	if err != nil {
		fmt.Fprintln(p.err, "dockfill-cloud: which sites have it is not known:", err)
		return status(exitDegraded)
	}
	return nil
}

// spreadTime is how long it is waited for sites that are there.
const spreadTime = 5 * time.Second

// spread waits a little until the sites that are there have applied what they were
// told, and gives all sites as they are then.
func (a policyActivateCmd) spread(p *program) (sites []web.SiteJSON, err error) {
	for end := time.Now().Add(spreadTime); ; {
		var v web.SitesJSON
		if err := a.client().get(p.ctx, "/api/v1/sites", &v); err != nil {
			return sites, err
		}
		sites = v.Sites
		waits := slices.ContainsFunc(sites, func(s web.SiteJSON) bool { return s.Current && !hasAll(s) })
		if !waits || time.Now().After(end) {
			return sites, nil
		}
		select {
		case <-p.ctx.Done():
			return sites, nil
		case <-time.After(settlePause):
		}
	}
}

// hasAll reports whether a site is known to have applied all that it was told.
func hasAll(s web.SiteJSON) bool { return s.State == string(store.SiteActive) && s.Behind == 0 }

func tellActive(out io.Writer, set web.PolicySetJSON, sites []web.SiteJSON, asked bool) {
	already := ""
	if !set.Changed {
		already = " already"
	}
	fmt.Fprintf(out, "policy %s is in force%s\n", quoted(set.Version), already)
	if asked && len(sites) == 0 {
		fmt.Fprintln(out, "  no site is known yet: each has it from its first call on")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range sites {
		fmt.Fprintf(w, "  %s\t%s\n", s.Site, having(s))
	}
	_ = w.Flush()
}

// having says whether a site has the policy, and what it waits for.
func having(s web.SiteJSON) string {
	switch {
	case hasAll(s):
		return "has it"
	case s.State == string(store.SiteFenced):
		return "is stopped and is told when it may go on: " + quoted(s.FencedText)
	case s.State != string(store.SiteActive):
		return "has not called yet and is told when it does"
	}
	return fmt.Sprintf("has not confirmed it yet: %s not applied, last heard %s", plural(int(s.Behind), "command"), heard(s.LastSeen))
}

func (a policyActivateCmd) json(p *program, set web.PolicySetJSON, sites []web.SiteJSON) error {
	type siteJSON struct {
		Site     string     `json:"site"`
		Has      bool       `json:"has_policy"`
		State    string     `json:"state"`
		Behind   int64      `json:"behind"`
		LastSeen *time.Time `json:"last_seen,omitempty"`
	}
	all := []siteJSON{}
	for _, s := range sites {
		all = append(all, siteJSON{s.Site, hasAll(s), s.State, s.Behind, s.LastSeen})
	}
	return printJSON(p.out, struct {
		Schema int `json:"schema"`
		web.PolicySetJSON
		Sites []siteJSON `json:"sites"`
	}{schema, set, all})
}
