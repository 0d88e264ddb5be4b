package gs1

var (
	couponCode     = &rule{"couponcode", checkCoupon}
	couponPosOffer = &rule{"couponposoffer", checkPosOffer}
)

// coupon walks along the digits of a North American coupon (GS1 US, North
// American Coupon Application Guideline). Many fields begin with a digit that
// tells how long they are. After a first fault the steps do nothing.
type coupon struct {
	value string
	at    int
	fault fault
}

// checkCoupon judges AI 8110.
func checkCoupon(value string) fault {
	c := newCoupon(value)
	c.company("the company prefix", "0123456")
	c.take("the offer code", 6)
	c.sized("the save value", "12345", 0)
	c.purchase(firstPurchase)
	if c.option('1') {
		c.digit("the additional purchase rules code", "0123")
		c.purchase(secondPurchase)
		c.company("the second purchase's company prefix", "01234569")
	}
	if c.option('2') {
		c.purchase(thirdPurchase)
		c.company("the third purchase's company prefix", "01234569")
	}
	c.dates()
	if c.option('5') {
		c.sized("the serial number", "0123456789", 6)
	}
	if c.option('6') {
		c.company("the retailer's prefix or GLN", "1234567")
	}
	if c.option('9') {
		c.digit("the save value code", "01256")
		c.digit("the item that the save value applies to", "012")
		c.digit("the store coupon flag", "0123456789")
		c.digit("the don't-multiply flag", "01")
	}
	return c.end()
}

// checkPosOffer judges AI 8112.
func checkPosOffer(value string) fault {
	c := newCoupon(value)
	c.digit("the format code", "01")
	c.sized("the funder", "0123456", 6)
	c.take("the offer code", 6)
	c.sized("the serial number", "0123456789", 6)
	return c.end()
}

func newCoupon(value string) *coupon {
	c := &coupon{value: value}
	c.fault = set10.check(value)
	return c
}

func (c *coupon) fails() bool { return c.fault.code != "" }

// take gives the next n digits of the named field.
func (c *coupon) take(name string, n int) string {
	switch {
	case c.fails():
		return ""
	case len(c.value)-c.at < n:
		c.fault = found(Coupon, len(c.value), "%s needs %d digits, %d are left", name, n, len(c.value)-c.at)
		return ""
	}
	c.at += n
	return c.value[c.at-n : c.at]
}

// digit takes one digit out of those allowed.
func (c *coupon) digit(name, allowed string) byte {
	s := c.take(name, 1)
	if s == "" {
		return 0
	}
	for i := range len(allowed) {
		if allowed[i] == s[0] {
			return s[0]
		}
	}
	c.fault = found(Coupon, c.at-1, "%s: %s stands where one of %s is needed", name, s, allowed)
	return 0
}

// sized takes a field that begins with its length, to which more is added.
func (c *coupon) sized(name, lengths string, more int) string {
	n := c.digit(name, lengths)
	if c.fails() {
		return ""
	}
	return c.take(name, int(n-'0')+more)
}

// company takes a prefix; the length 9 says that there is none.
func (c *coupon) company(name, lengths string) {
	if c.at < len(c.value) && c.value[c.at] == '9' && lengths[len(lengths)-1] == '9' {
		c.take(name, 1)
		return
	}
	c.sized(name, lengths, 6)
}

// purchase names the fields that say what has to be bought.
type purchase struct{ requirement, code, family string }

var (
	firstPurchase  = newPurchase("first")
	secondPurchase = newPurchase("second")
	thirdPurchase  = newPurchase("third")
)

func newPurchase(which string) purchase {
	what := "the " + which + " purchase "
	return purchase{what + "requirement", what + "requirement code", what + "family code"}
}

func (c *coupon) purchase(p purchase) {
	c.sized(p.requirement, "12345", 0)
	c.digit(p.code, "012349")
	c.take(p.family, 3)
}

// option takes the digit that opens an optional field, if it is the next one.
func (c *coupon) option(mark byte) bool {
	if c.fails() || c.at == len(c.value) || c.value[c.at] != mark {
		return false
	}
	c.at++
	return true
}

// dates takes the optional last and first day, in this order.
func (c *coupon) dates() {
	var last, first string
	if c.option('3') {
		last = c.day("the expiration date")
	}
	if c.option('4') {
		first = c.day("the start date")
	}
	if last != "" && first > last {
		c.fault = found(Coupon, c.at-len(first), "the start date %s is after the expiration date %s", first, last)
	}
}

func (c *coupon) day(name string) string {
	s := c.take(name, 6)
	if s == "" {
		return ""
	}
	if f := checkDay(s, 2, 1); f.code != "" {
		c.fault = found(Coupon, c.at-6+f.at, "%s: %s", name, f.says)
	}
	return s
}

func (c *coupon) end() fault {
	if !c.fails() && c.at < len(c.value) {
		return found(Coupon, c.at, "%q belongs to no field of the coupon", c.value[c.at:])
	}
	return c.fault
}
