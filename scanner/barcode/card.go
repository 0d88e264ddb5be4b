package barcode

import (
	"fmt"
	"strconv"
	"strings"

	"dockfill/allocation"
)

// Verb is what a control card asks for.
type Verb string

// The control cards. QTY, DAMAGED and HOLD mean the station's next scan, UNDO
// its last one.
const (
	Undo        Verb = "UNDO"
	Qty         Verb = "QTY"
	Damaged     Verb = "DAMAGED"
	Hold        Verb = "HOLD"
	Stage       Verb = "STAGE"
	Done        Verb = "DONE"
	AcceptOver  Verb = "ACCEPT-OVER"
	SameAgain   Verb = "SAME-AGAIN"
	ClosePallet Verb = "CLOSE-PALLET"
	Help        Verb = "HELP"
	Worker      Verb = "WORKER"
)

const cardPrefix = "DF:"

// Card is a control card: a plain barcode such as "DF:UNDO" or "DF:QTY 12", in
// capital or small letters.
type Card struct {
	Verb Verb
	// Arg is the id of WORKER.
	Arg string
	// Qty is the quantity of QTY, 1 to allocation.MaxQty.
	Qty int64
}

// String is the card as it is printed, without the prefix.
func (c Card) String() string {
	switch {
	case c.Verb == Qty:
		return fmt.Sprintf("%s %d", c.Verb, c.Qty)
	case c.Arg != "":
		return string(c.Verb) + " " + c.Arg
	}
	return string(c.Verb)
}

// isCard tells a card by its first three characters. Where a scanner changes the
// case of letters, a card stays a card.
func isCard(text string) bool {
	return len(text) >= len(cardPrefix) && strings.EqualFold(text[:len(cardPrefix)], cardPrefix)
}

func (c *Code) readCard() *Error {
	c.Format = Control
	word, arg, _ := strings.Cut(c.Text[len(cardPrefix):], " ")
	if word == "" {
		return &Error{Code: BadControl, At: len(cardPrefix), Message: "the card names nothing right behind DF:, where its word belongs without a blank, as in DF:UNDO"}
	}
	card := Card{Verb: Verb(strings.ToUpper(word)), Arg: arg}
	if err := card.check(); err != nil {
		code := BadControl
		if card.Verb == Qty {
			code = BadQuantity
		}
		return &Error{Code: code, At: len(cardPrefix), Message: err.Error()}
	}
	c.Card = card
	return nil
}

// check reads the argument and reports what is wrong with the card.
func (c *Card) check() error {
	switch c.Verb {
	case Undo, Damaged, Hold, Stage, Done, AcceptOver, SameAgain, ClosePallet, Help:
		if c.Arg != "" {
			return fmt.Errorf("the card %s takes nothing after it, but %.40q follows", c.Verb, c.Arg)
		}
	case Qty:
		n, err := strconv.ParseInt(c.Arg, 10, 64)
		if err != nil || !allDigits(c.Arg) {
			return fmt.Errorf("the card QTY needs a whole number, not %.40q", c.Arg)
		}
		if err := allocation.CheckQty(n); err != nil {
			return fmt.Errorf("the card QTY: %w", err)
		}
		c.Qty, c.Arg = n, ""
	case Worker:
		return allocation.CheckID("the worker's id", c.Arg)
	default:
		return fmt.Errorf("there is no control card %.40q; scan DF:HELP for the list", c.Verb)
	}
	return nil
}
