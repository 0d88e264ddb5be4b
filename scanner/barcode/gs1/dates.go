package gs1

var (
	day        = &rule{"yymmdd", func(v string) fault { return checkDay(v, 2, 1) }}
	dayOrMonth = &rule{"yymmd0", func(v string) fault { return checkDay(v, 2, 0) }}
	fullDay    = &rule{"yyyymmdd", func(v string) fault { return checkDay(v, 4, 1) }}
	hourMinute = &rule{"hhmi", checkHourMinute}
	hour       = &rule{"hh", func(v string) fault { return checkBelow(v, 24, "hour") }}
	minute     = &rule{"mi", func(v string) fault { return checkBelow(v, 60, "minute") }}
	second     = &rule{"ss", func(v string) fault { return checkBelow(v, 60, "second") }}
)

// days is the most that each month can have.
var days = [13]int{1: 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// checkDay takes a year of the given number of digits, month and day. The least
// day is 0 where the whole month may be meant (General Specifications, 3.4).
func checkDay(value string, yearDigits, least int) fault {
	year, month, d := number(value[:yearDigits]), number(value[yearDigits:yearDigits+2]), number(value[yearDigits+2:])
	if month < 1 || month > 12 {
		return found(Date, yearDigits, "there is no month %02d; the date is written %s", month, dateForm(yearDigits))
	}
	most := days[month]
	if month == 2 && !leap(year, yearDigits) {
		most = 28
	}
	if d < least || d > most {
		return found(Date, yearDigits+2, "month %02d has no day %02d; the date is written %s", month, d, dateForm(yearDigits))
	}
	return fault{}
}

func dateForm(yearDigits int) string { return "YYYYMMDD"[4-yearDigits:] }

// leap takes a year of two digits for a leap year where any century makes it
// one.
func leap(year, yearDigits int) bool {
	return year%4 == 0 && (yearDigits == 2 || year%100 != 0 || year%400 == 0)
}

func checkHourMinute(value string) fault {
	if f := checkBelow(value[:2], 24, "hour"); f.code != "" {
		return f
	}
	f := checkBelow(value[2:], 60, "minute")
	if f.code != "" {
		f.at += 2
	}
	return f
}

func checkBelow(value string, limit int, unit string) fault {
	if number(value) >= limit {
		return found(Time, 0, "there is no %s %s", unit, value)
	}
	return fault{}
}
