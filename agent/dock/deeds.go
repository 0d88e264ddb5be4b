package dock

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Refused is a deed that is not acceptable: nothing was changed.
type Refused struct {
	Why  allocation.WhyCode // "" where what was said is not possible at all
	Text string
}

func (r *Refused) Error() string { return r.Text }

// Done is what came of a deed.
type Done struct {
	Seq      int64 // of its event in the site's log
	Moves    []wire.Move
	Complete []allocation.OrderID // that it filled to the last unit
}

// deeds registers what a person may say was done with goods beside scanning them.
func (s *server) deeds(api huma.API) {
	for kind, summary := range map[wire.DeedKind]string{
		wire.DeedPick:   "Units of a line were picked: no other line takes them any more",
		wire.DeedStage:  "Units of a line were staged at its door; picked ones first",
		wire.DeedShip:   "Units of a line have left the house; staged ones first",
		wire.DeedReturn: "Units that a line no longer wants were brought back to stock",
	} {
		huma.Post(api, "/api/v1/"+string(kind), func(ctx context.Context, in *lineDeed) (*response[DeedBody], error) {
			b := in.Body
			return s.do(ctx, wire.Deed{Kind: kind, Line: allocation.LineID(b.Line), Qty: b.Qty, Station: allocation.StationID(b.Station), Worker: b.Worker})
		}, describe(string(kind), summary))
	}
	huma.Post(api, "/api/v1/regrade", s.postRegrade, describe("regrade", "Units changed from one disposition to another; free stock goes first"))
	huma.Post(api, "/api/v1/adjust", s.postAdjust, describe("adjust", "Free stock was counted anew: correct it by so many units"))
	huma.Post(api, "/api/v1/approve", s.postApprove, describe("approve", "Take units in that came above what was announced"))
}

// By says who did something and where, as far as that is known.
type By struct {
	Station string `json:"station,omitempty" doc:"the station's id in the configuration"`
	Worker  string `json:"worker,omitempty" doc:"who did it" maxLength:"64"`
}

type lineDeed struct {
	Body struct {
		Line string `json:"line" doc:"the line, as order/line" minLength:"3"`
		Qty  int64  `json:"qty" doc:"base units" minimum:"1" maximum:"1000000"`
		By
	}
}

type regradeInput struct {
	Body struct {
		SKU    string `json:"sku" minLength:"1"`
		Qty    int64  `json:"qty" doc:"base units" minimum:"1" maximum:"1000000"`
		From   string `json:"from" enum:"good,damaged,hold"`
		To     string `json:"to" enum:"good,damaged,hold"`
		Reason string `json:"reason,omitempty" maxLength:"300"`
		By
	}
}

func (s *server) postRegrade(ctx context.Context, in *regradeInput) (*response[DeedBody], error) {
	b := in.Body
	return s.do(ctx, wire.Deed{
		Kind: wire.DeedRegrade, SKU: allocation.SKU(b.SKU), Qty: b.Qty, From: allocation.Disposition(b.From), To: allocation.Disposition(b.To),
		Reason: b.Reason, Station: allocation.StationID(b.Station), Worker: b.Worker,
	})
}

type adjustInput struct {
	Body struct {
		SKU    string `json:"sku" minLength:"1"`
		Qty    int64  `json:"qty" doc:"base units to add; below 0 to take away" minimum:"-1000000" maximum:"1000000"`
		Reason string `json:"reason" doc:"why the count was wrong" minLength:"1" maxLength:"300"`
		By
	}
}

func (s *server) postAdjust(ctx context.Context, in *adjustInput) (*response[DeedBody], error) {
	b := in.Body
	return s.do(ctx, wire.Deed{Kind: wire.DeedAdjust, SKU: allocation.SKU(b.SKU), Qty: b.Qty, Reason: b.Reason, Station: allocation.StationID(b.Station), Worker: b.Worker})
}

type approveInput struct {
	Body struct {
		Inbound string `json:"inbound" minLength:"1"`
		Qty     int64  `json:"qty" doc:"base units at most" minimum:"1" maximum:"1000000"`
		By
	}
}

func (s *server) postApprove(ctx context.Context, in *approveInput) (*response[DeedBody], error) {
	b := in.Body
	return s.do(ctx, wire.Deed{Kind: wire.DeedApprove, Inbound: allocation.InboundID(b.Inbound), Qty: b.Qty, Station: allocation.StationID(b.Station), Worker: b.Worker})
}

// do answers 200 with what moved; a refusal is a problem, and nothing was changed.
func (s *server) do(ctx context.Context, w wire.Deed) (*response[DeedBody], error) {
	done, err := s.site.Do(ctx, w)
	var no *Refused
	switch {
	case errors.As(err, &no):
		return nil, huma.NewError(refusedStatus(no.Why), Visible(no.Text))
	case errors.Is(err, ErrNoStation):
		return nil, huma.Error404NotFound("this site has no station " + Visible(string(w.Station)))
	case err != nil:
		return nil, huma.Error503ServiceUnavailable("it is not known whether this was saved; look at the balances before repeating it: " + err.Error())
	}
	body := DeedBody{Schema: Schema, Seq: done.Seq, Moves: []MoveJSON{}, Complete: []string{}}
	for _, m := range done.Moves {
		body.Moves = append(body.Moves, MoveJSON{string(m.SKU), m.Qty, m.From, m.To})
	}
	for _, id := range done.Complete {
		body.Complete = append(body.Complete, string(id))
	}
	return answer(body)
}

func refusedStatus(why allocation.WhyCode) int {
	switch why {
	case "", allocation.WhyQuantity:
		return http.StatusUnprocessableEntity
	case allocation.WhyNoLine:
		return http.StatusNotFound
	case allocation.WhyNotReady:
		return http.StatusServiceUnavailable
	}
	return http.StatusConflict
}
