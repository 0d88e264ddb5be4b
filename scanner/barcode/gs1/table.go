package gs1

import "slices"

// What other elements refer to: a trade item on the label itself, one that is
// contained or not, a logistic unit.
const (
	item       = "01 02 03 8006 8026"
	itemUnit   = "01 02 03"
	content    = "01 02"
	ownItem    = "01 03 8006"
	logistic   = "00 01"
	unit       = "00"
	serialised = "01+21 03+21 8006+21"
	measured   = "30 31nn 32nn 35nn 36nn"
	person     = "8017 8018"
)

// table holds every AI that is assigned (GS1 General Specifications, section 3;
// GS1 Barcode Syntax Dictionary, January 2026). Titles are the standard's.
func table() []spec {
	return slices.Concat(
		identification(), itemDetails(), measures(), amounts(), parties(), shipment(),
		process(), certificates(), patients(), assets(), references(), internal(),
	)
}

func identification() []spec {
	return []spec{
		attr("00", "SSCC", digits(18, checkDigit, prefixSecond)).fixed().key(),
		attr("01", "GTIN", digits(14, checkDigit, prefixSecond)).fixed().key("22 10 21", "235").without("255 37"),
		attr("02", "CONTENT", digits(14, checkDigit, prefixSecond)).fixed().with("37").without("01 03"),
		element("03", "MTO GTIN", digits(14, checkDigit, prefixSecond)).fixed().without("01 02 37 235"),
	}
}

func itemDetails() []spec {
	return []spec{
		attr("10", "BATCH/LOT", upTo(20)).with(item),
		attr("11", "PROD DATE", digits(6, dayOrMonth)).fixed().with(item),
		attr("12", "DUE DATE", digits(6, dayOrMonth)).fixed().with("8020"),
		attr("13", "PACK DATE", digits(6, dayOrMonth)).fixed().with(item),
		attr("15", "BEST BEFORE or BEST BY", digits(6, dayOrMonth)).fixed().with(item),
		attr("16", "SELL BY", digits(6, dayOrMonth)).fixed().with(item),
		attr("17", "USE BY or EXPIRY", digits(6, dayOrMonth)).fixed().with(item + " 255"),
		attr("20", "VARIANT", digits(2)).fixed().with(item),
		element("21", "SERIAL", upTo(20)).with(ownItem).without("235"),
		element("22", "CPV", upTo(20)).with("01"),
		element("235", "TPX", upTo(28)).with("01"),
		attr("240", "ADDITIONAL ID", upTo(30)).with(item),
		attr("241", "CUST. PART No.", upTo(30)).with(item),
		attr("242", "MTO VARIANT", upToDigits(6)).with("01 02 8006 8026"),
		attr("243", "PCN", upTo(20)).with("01 03"),
		attr("250", "SECONDARY SERIAL", upTo(30)).with(serialised),
		attr("251", "REF. TO SOURCE", upTo(30)).with(ownItem),
		attr("253", "GDTI", digits(13, checkDigit, prefixFirst), optional(upTo(17))).key(),
		element("254", "GLN EXTENSION COMPONENT", upTo(20)).with("414"),
		attr("255", "GCN", digits(13, checkDigit, prefixFirst), optional(upToDigits(12))).key().
			without("01 02 415 8006 8020 8026"),
		attr("30", "VAR. COUNT", upToDigits(8)).with(content),
		attr("37", "COUNT", upToDigits(8)).with("00+02 00+8026"),
	}
}

// measures end in a digit that says where the decimal point stands, 0 to 5
// digits from the right. A label states each of them once.
func measures() []spec {
	return slices.Concat(
		measure("310", content, "NET WEIGHT (kg)", "LENGTH (m)", "WIDTH (m)", "HEIGHT (m)", "AREA (m²)", "NET VOLUME (l)", "NET VOLUME (m³)"),
		measure("320", content, "NET WEIGHT (lb)", "LENGTH (in)", "LENGTH (ft)", "LENGTH (yd)", "WIDTH (in)", "WIDTH (ft)", "WIDTH (yd)",
			"HEIGHT (in)", "HEIGHT (ft)", "HEIGHT (yd)"),
		measure("330", logistic, "GROSS WEIGHT (kg)", "LENGTH (m), log", "WIDTH (m), log", "HEIGHT (m), log", "AREA (m²), log",
			"VOLUME (l), log", "VOLUME (m³), log"),
		measure("337", "01", "KG PER m²"),
		measure("340", logistic, "GROSS WEIGHT (lb)", "LENGTH (in), log", "LENGTH (ft), log", "LENGTH (yd), log", "WIDTH (in), log",
			"WIDTH (ft), log", "WIDTH (yd), log", "HEIGHT (in), log", "HEIGHT (ft), log", "HEIGHT (yd), log"),
		measure("350", content, "AREA (in²)", "AREA (ft²)", "AREA (yd²)"),
		measure("353", logistic, "AREA (in²), log", "AREA (ft²), log", "AREA (yd²), log"),
		measure("356", content, "NET WEIGHT (tr oz)", "NET VOLUME (oz)"),
		measure("360", content, "NET VOLUME (qt (US))", "NET VOLUME (gal.)"),
		measure("362", logistic, "VOLUME (qt (US)), log", "VOLUME (gal (US)), log"),
		measure("364", content, "NET VOLUME (in³)", "NET VOLUME (ft³)", "NET VOLUME (yd³)"),
		measure("367", logistic, "VOLUME (in³), log", "VOLUME (ft³), log", "VOLUME (yd³), log"),
	)
}

// measure gives the AIs that follow each other from the first one, one title
// each.
func measure(first, with string, titles ...string) []spec {
	var all []spec
	for i, title := range titles {
		family := first[:2] + string(first[2]+byte(i))
		all = append(all, run(family+"0", 6, func(ai string) spec {
			return attr(ai, title, digits(6)).fixed().with(with).without(family + "n")
		})...)
	}
	return all
}

func amounts() []spec {
	return slices.Concat(
		run("3900", 10, func(ai string) spec {
			return attr(ai, "AMOUNT", upToDigits(15)).with("255 8020").without("390n 391n 394n 8111")
		}),
		run("3910", 10, func(ai string) spec {
			return attr(ai, "AMOUNT", digits(3, currency), upToDigits(15)).with("8020").without("391n")
		}),
		run("3920", 10, func(ai string) spec {
			return attr(ai, "PRICE", upToDigits(15)).with("01+30 01+31nn 01+32nn 01+35nn 01+36nn").without("392n 393n")
		}),
		run("3930", 10, func(ai string) spec {
			return attr(ai, "PRICE", digits(3, currency), upToDigits(15)).with(measured).without("393n")
		}),
		run("3940", 4, func(ai string) spec {
			return attr(ai, "PRCNT OFF", digits(4)).with("255").without("394n 8111")
		}),
		run("3950", 6, func(ai string) spec {
			return attr(ai, "PRICE/UoM", digits(6)).with(measured).without("392n 393n 395n 8005")
		}),
	)
}

func parties() []spec {
	gln := digits(13, checkDigit, prefixFirst)
	several := []part{digits(3, country)}
	for range 4 {
		several = append(several, optional(digits(3, country)))
	}
	return []spec{
		attr("400", "ORDER NUMBER", upTo(30)),
		attr("401", "GINC", upTo(30, prefixFirst)).key(),
		attr("402", "GSIN", digits(17, checkDigit, prefixFirst)).key(),
		attr("403", "ROUTE", upTo(30)).with(unit),
		attr("410", "SHIP TO LOC", gln).fixed(),
		attr("411", "BILL TO", gln).fixed(),
		attr("412", "PURCHASE FROM", gln).fixed(),
		attr("413", "SHIP FOR LOC", gln).fixed(),
		attr("414", "LOC No.", gln).fixed().key("254", "7040"),
		attr("415", "PAY TO", gln).fixed().key("8020").with("8020"),
		attr("416", "PROD/SERV LOC", gln).fixed(),
		attr("417", "PARTY", gln).fixed().key("7040"),
		attr("420", "SHIP TO POST", upTo(20)).without("421"),
		attr("421", "SHIP TO POST", digits(3, country), upTo(9)).without("4307"),
		attr("422", "ORIGIN", digits(3, country)).with(item).without("426"),
		attr("423", "COUNTRY - INITIAL PROCESS", several...).with(itemUnit).without("426"),
		attr("424", "COUNTRY - PROCESS", digits(3, country)).with(itemUnit).without("426"),
		attr("425", "COUNTRY - DISASSEMBLY", several...).with(itemUnit).without("426"),
		attr("426", "COUNTRY - FULL PROCESS", digits(3, country)).with(itemUnit),
		attr("427", "ORIGIN SUBDIVISION", upTo(3)).with("01+422 02+422 03+422"),
	}
}

// shipment belongs to a logistic unit on its way.
func shipment() []spec {
	temperature := []part{digits(6), optional(chars(1, onlyHyphens))}
	delivery := []part{digits(6, dayOrMonth), digits(4, hourMinute)}
	return slices.Concat(address("430", "SHIP TO"), []spec{
		attr("4308", "SHIP TO PHONE", upTo(30)).with(unit),
		attr("4309", "SHIP TO GEO", digits(10, latitude), digits(10, longitude)).with(unit),
	}, address("431", "RTN TO"), []spec{
		attr("4318", "RTN TO POST", upTo(20)).with(unit),
		attr("4319", "RTN TO PHONE", upTo(30)).with(unit),
		attr("4320", "SRV DESCRIPTION", upTo(35, percents)).with(unit),
		attr("4321", "DANGEROUS GOODS", digits(1, yesNo)).with(unit),
		attr("4322", "AUTH TO LEAVE", digits(1, yesNo)).with(unit),
		attr("4323", "SIG REQUIRED", digits(1, yesNo)).with(unit),
		attr("4324", "NOT BEF DEL DT", delivery...).with(unit),
		attr("4325", "NOT AFT DEL DT", delivery...).with(unit),
		attr("4326", "REL DATE", digits(6, day)).with(unit),
		attr("4330", "MAX TEMP F.", temperature...).with(unit).without("4331"),
		attr("4331", "MAX TEMP C.", temperature...).with(unit).without("4330"),
		attr("4332", "MIN TEMP F.", temperature...).with(unit).without("4333"),
		attr("4333", "MIN TEMP C.", temperature...).with(unit).without("4332"),
	})
}

// address gives the parts of a postal address, whose AIs end in 0 to 7. Its
// second line needs the first one.
func address(family, whose string) []spec {
	line := func(last, title string, n int) spec {
		return attr(family+last, whose+" "+title, upTo(n, percents)).with(unit)
	}
	second := attr(family+"3", whose+" ADD2", upTo(70, percents)).with(family + "2")
	return []spec{
		line("0", "COMP", 35), line("1", "NAME", 35), line("2", "ADD1", 70), second,
		line("4", "SUB", 70), line("5", "LOC", 70), line("6", "REG", 70),
		attr(family+"7", whose+" COUNTRY", chars(2, countryAlpha2)).with(unit),
	}
}

func process() []spec {
	return slices.Concat([]spec{
		attr("7001", "NSN", digits(13)).with("01 02 8006 8026"),
		attr("7002", "MEAT CUT", upTo(30)).with(content),
		attr("7003", "EXPIRY TIME", digits(6, day), digits(4, hourMinute)).with(itemUnit),
		attr("7004", "ACTIVE POTENCY", upToDigits(4)).with("01+10 03+10"),
		attr("7005", "CATCH AREA", upTo(12)).with(content),
		attr("7006", "FIRST FREEZE DATE", digits(6, day)).with(content),
		attr("7007", "HARVEST DATE", digits(6, day), optional(digits(6, day))).with(content),
		attr("7008", "AQUATIC SPECIES", upTo(3)).with(content),
		attr("7009", "FISHING GEAR TYPE", upTo(10)).with(content),
		attr("7010", "PROD METHOD", upTo(2)).with(itemUnit),
		attr("7011", "TEST BY DATE", digits(6, day), optional(digits(4, hourMinute))).with(itemUnit),
		attr("7020", "REFURB LOT", upTo(20)).with("01+416 03+416 8006+416"),
		attr("7021", "FUNC STAT", upTo(20)).with(ownItem),
		attr("7022", "REV STAT", upTo(20)).with("01+7021 03+7021 8006+7021"),
		attr("7023", "GIAI - ASSEMBLY", upTo(30, prefixFirst)),
		element("7040", "UIC+EXT", digits(1), chars(1), chars(1), chars(1, importer)),
		element("7041", "UFRGT UNIT TYPE", upTo(4, packageType)).with(unit),
	}, run("7030", 10, func(ai string) spec {
		return attr(ai, "PROCESSOR # "+ai[3:], digits(3, countryOr999), upTo(27)).with(content)
	}))
}

func certificates() []spec {
	var numbers []spec
	for i, name := range []string{"PZN", "CIP", "CN", "DRN", "AIM", "NDC", "AIC", "SRN"} {
		numbers = append(numbers, attr("71"+string('0'+byte(i)), "NHRN "+name, upTo(20)).with("01"))
	}
	return slices.Concat(numbers, run("7230", 10, func(ai string) spec {
		which := string(ai[3] + 1)
		if ai[3] == '9' {
			which = "10"
		}
		return attr(ai, "CERT # "+which, chars(2), upTo(28)).with("01 8004")
	}))
}

// patients are for hospitals.
func patients() []spec {
	return []spec{
		attr("7240", "PROTOCOL", upTo(20)).with("01 8006").without("03"),
		attr("7241", "AIDC MEDIA TYPE", digits(2, mediaType)).with(person),
		attr("7242", "VCN", upTo(25)).with(person),
		attr("7250", "DOB", digits(8, fullDay)).with("8018").without("7251"),
		attr("7251", "DOB TIME", digits(8, fullDay), digits(4, hourMinute)).with("8018").without("7250"),
		attr("7252", "BIO SEX", digits(1, sexCode)).with("8018"),
		attr("7253", "FAMILY NAME", upTo(40, percents)).with(person).without("7256 7259"),
		attr("7254", "GIVEN NAME", upTo(40, percents)).with(person).without("7256 7259"),
		attr("7255", "SUFFIX", upTo(10)).with(person).without("7256 7259"),
		attr("7256", "FULL NAME", upTo(90, percents)).with(person),
		attr("7257", "PERSON ADDR", upTo(70, percents)).with("8018"),
		attr("7258", "BIRTH SEQUENCE", chars(3, sequence)).with("8018+7259"),
		attr("7259", "BABY", upTo(40, percents)).with("8018").without("7256"),
		attr("8017", "GSRN - PROVIDER", digits(18, checkDigit, prefixFirst)).key("8019").without("8018"),
		attr("8018", "GSRN - RECIPIENT", digits(18, checkDigit, prefixFirst)).key("8019").without("8017"),
		element("8019", "SRIN", upToDigits(10)).with(person),
	}
}

func assets() []spec {
	return []spec{
		attr("8001", "DIMENSIONS", digits(4, nonZero), digits(5, nonZero), digits(3, nonZero), digits(1, windingWay), digits(1)).with("01"),
		attr("8002", "CMT No.", upTo(20)),
		attr("8003", "GRAI", digits(1, onlyZero), digits(13, checkDigit, prefixFirst), optional(upTo(16))).key(),
		attr("8004", "GIAI", upTo(30, prefixFirst)).key("7040"),
		attr("8005", "PRICE PER UNIT", digits(6)).with(content),
		attr("8006", "ITIP", digits(14, checkDigit, prefixSecond), digits(4, pieces)).key("22 10 21").without("01 03 37"),
		attr("8007", "IBAN", upTo(34, iban)).with("415"),
		attr("8008", "PROD TIME", digits(6, day), digits(2, hour), optional(digits(2, minute)), optional(digits(2, second))).with(itemUnit),
		attr("8009", "OPTSEN", upTo(50)).with("00 01 03"),
		attr("8010", "CPID", upTo39(30, prefixFirst)).key("8011"),
		element("8011", "CPID SERIAL", upToDigits(12, noZeroPrefix)).with("8010"),
		attr("8012", "VERSION", upTo(20)).with(ownItem),
		attr("8013", "GMN", upTo(25, checkPair, prefixFirst)).key(),
		element("8014", "MUDI", upTo(25, checkPair, prefixFirst, hasNonDigit)).with("01"),
		attr("8026", "ITIP CONTENT", digits(14, checkDigit, prefixSecond), digits(4, pieces)).with("37").without("02 03 8006"),
	}
}

func references() []spec {
	signed := "00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018"
	return []spec{
		element("8020", "REF No.", upTo(25)).with("415"),
		attr("8030", "DIGSIG", upTo64(90)).with(signed),
		element("8040", "IMEI", digits(15)).with("01+21"),
		element("8041", "IMEI2", digits(15)).with("01+21+8040"),
		element("8042", "ESIM", digits(32)).with("01+21+8040"),
		element("8043", "PSIM", digits(18), optional(upToDigits(2))).with("01+21+8040"),
		attr("8110", "", upTo(70, couponCode)),
		attr("8111", "POINTS", digits(4)).with("255"),
		attr("8112", "", upTo(70, couponPosOffer)),
		element("8200", "PRODUCT URL", upTo(70)).with("01"),
	}
}

// internal AIs mean what partners agreed on or a company decided.
func internal() []spec {
	return append(run("91", 9, func(ai string) spec { return attr(ai, "INTERNAL", upTo(90)) }),
		attr("90", "INTERNAL", upTo(30)))
}
