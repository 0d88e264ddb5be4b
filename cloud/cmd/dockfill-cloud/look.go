package main

import (
	"fmt"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"

	"dockfill/cloud/web"
)

type totalsCmd struct {
	target
	Settled bool `env:"-" help:"Wait first until each site that has called has applied all commands and, as it last told, sent all events."`
	JSON    bool `env:"-" help:"Print JSON."`
}

func (t totalsCmd) Run(p *program) error {
	c := t.client()
	if t.Settled {
		if err := settle(p, c); err != nil {
			return err
		}
	}
	var v web.TotalsJSON
	if err := c.get(p.ctx, "/api/v1/totals", &v); err != nil {
		return err
	}
	if t.JSON {
		return printJSON(p.out, struct {
			Schema int `json:"schema"`
			web.TotalsJSON
		}{schema, v})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name string
		n    int64
	}{{"lines imported", v.LinesImported}, {"units scanned", v.UnitsScanned}, {"units allocated", v.UnitsAllocated},
		{"orders completed", v.OrdersCompleted}, {"open units", v.OpenUnits}} {
		fmt.Fprintf(w, "%d\t %s\n", row.n, row.name)
	}
	return w.Flush()
}

// settlePause is kept between two looks of --settled.
const settlePause = 200 * time.Millisecond

// settle waits until no site is behind, or a signal ends it.
func settle(p *program, c *client) error {
	for told := ""; ; {
		var v web.SitesJSON
		if err := c.get(p.ctx, "/api/v1/sites", &v); err != nil {
			return err
		}
		behind := slices.IndexFunc(v.Sites, func(s web.SiteJSON) bool { return s.LastSeen != nil && s.Behind+s.Unsent > 0 })
		if behind < 0 {
			return nil
		}
		s := v.Sites[behind]
		if told != s.Site {
			fmt.Fprintf(p.err, "waiting for site %s: %d commands not applied, %d events not here; Ctrl-C ends that\n", s.Site, s.Behind, s.Unsent)
			told = s.Site
		}
		select {
		case <-p.ctx.Done():
			return fmt.Errorf("stopped: site %s is still behind", s.Site)
		case <-time.After(settlePause):
		}
	}
}

type siteCmd struct {
	List  siteListCmd  `cmd:"" help:"List the sites: when they were heard last and what is not here yet. Exit status 1 where one is not current, or has units in doubt; a site that has not called yet does not count."`
	Admit siteAdmitCmd `cmd:"" help:"Let a process that is kept out as a clone take the place of the other one of its site. It gets a new database, and what the other holds stays committed."`
}

// person is who decides, and why.
type person struct {
	By     string `env:"-" required:"" help:"Who decides; kept for good."`
	Reason string `env:"-" required:"" help:"Why; kept for good."`
}

type siteAdmitCmd struct {
	target
	person
	Site  string `arg:"" help:"The site."`
	Nonce string `arg:"" help:"The process, as \"dockfill-cloud site list\" names it."`
}

func (s siteAdmitCmd) Run(p *program) error {
	said := map[string]string{"nonce": s.Nonce, "by": s.By, "reason": s.Reason}
	if err := s.client().post(p.ctx, "/api/v1/sites/"+url.PathEscape(s.Site)+"/admit", said); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.out, "process %s of site %s gets a new database when it calls next; the other one is kept out then\n", s.Nonce, s.Site)
	return err
}

type siteListCmd struct {
	target
	JSON bool `env:"-" help:"Print JSON."`
}

func (s siteListCmd) Run(p *program) error {
	c := s.client()
	var v web.SitesJSON
	if err := c.get(p.ctx, "/api/v1/sites", &v); err != nil {
		return err
	}
	var err error
	if s.JSON {
		err = printJSON(p.out, struct {
			Schema int `json:"schema"`
			web.SitesJSON
		}{schema, v})
	} else {
		err = p.list(v.Sites)
	}
	for _, site := range v.Sites {
		if err == nil && (site.InDoubt > 0 || !site.Current && site.LastSeen != nil) {
			return status(exitDegraded)
		}
	}
	return err
}

func (p *program) list(sites []web.SiteJSON) error {
	if len(sites) == 0 {
		_, err := fmt.Fprintln(p.out, "No site is known yet: import orders that name one, or start dockfill-agent there.")
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SITE\tSTATE\tLAST HEARD\tSCANS\tUNITS\tUNSENT\tCOMMANDS WAITING\tIN DOUBT\tAGENT")
	for _, s := range sites {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", s.Site, s.State, heard(s.LastSeen), s.Scans, s.Units, s.Unsent, s.Behind, s.InDoubt, quoted(s.AgentVersion))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range sites {
		if s.Unreported != nil {
			fmt.Fprintf(p.out, "%s: %s\n", s.Site, web.UnreportedText(s.Site, *s.Unreported))
		}
		if s.Quarantined > 0 {
			fmt.Fprintf(p.out, "%s: %s\n", s.Site, web.QuarantinedText(s.Quarantined))
		}
		for _, nonce := range s.Clones {
			fmt.Fprintf(p.out, "%s: %s\n", s.Site, web.CloneText(s.Site, nonce))
		}
		if s.InDoubt > 0 {
			fmt.Fprintf(p.out, "%s: %s\n", s.Site, web.InDoubtText(s.InDoubt))
		}
	}
	return nil
}

func heard(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return time.Since(*at).Round(time.Second).String() + " ago"
}
