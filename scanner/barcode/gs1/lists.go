package gs1

import "strings"

var (
	country       = &rule{"iso3166", checkCountry}
	countryOr999  = &rule{"iso3166999", checkCountryOr999}
	countryAlpha2 = &rule{"iso3166alpha2", checkCountryAlpha2}
	currency      = &rule{"iso4217", checkCurrency}
	iban          = &rule{"iban", checkIBAN}
	packageType   = &rule{"packagetype", checkPackageType}
	mediaType     = &rule{"mediatype", checkMediaType}
)

// countries are the codes of ISO 3166-1, letters and number of each, as of
// 2025.
const countries = `
AD020 AE784 AF004 AG028 AI660 AL008 AM051 AO024 AQ010 AR032 AS016 AT040 AU036 AW533 AX248 AZ031 BA070 BB052 BD050
BE056 BF854 BG100 BH048 BI108 BJ204 BL652 BM060 BN096 BO068 BQ535 BR076 BS044 BT064 BV074 BW072 BY112 BZ084 CA124
CC166 CD180 CF140 CG178 CH756 CI384 CK184 CL152 CM120 CN156 CO170 CR188 CU192 CV132 CW531 CX162 CY196 CZ203 DE276
DJ262 DK208 DM212 DO214 DZ012 EC218 EE233 EG818 EH732 ER232 ES724 ET231 FI246 FJ242 FK238 FM583 FO234 FR250 GA266
GB826 GD308 GE268 GF254 GG831 GH288 GI292 GL304 GM270 GN324 GP312 GQ226 GR300 GS239 GT320 GU316 GW624 GY328 HK344
HM334 HN340 HR191 HT332 HU348 ID360 IE372 IL376 IM833 IN356 IO086 IQ368 IR364 IS352 IT380 JE832 JM388 JO400 JP392
KE404 KG417 KH116 KI296 KM174 KN659 KP408 KR410 KW414 KY136 KZ398 LA418 LB422 LC662 LI438 LK144 LR430 LS426 LT440
LU442 LV428 LY434 MA504 MC492 MD498 ME499 MF663 MG450 MH584 MK807 ML466 MM104 MN496 MO446 MP580 MQ474 MR478 MS500
MT470 MU480 MV462 MW454 MX484 MY458 MZ508 NA516 NC540 NE562 NF574 NG566 NI558 NL528 NO578 NP524 NR520 NU570 NZ554
OM512 PA591 PE604 PF258 PG598 PH608 PK586 PL616 PM666 PN612 PR630 PS275 PT620 PW585 PY600 QA634 RE638 RO642 RS688
RU643 RW646 SA682 SB090 SC690 SD729 SE752 SG702 SH654 SI705 SJ744 SK703 SL694 SM674 SN686 SO706 SR740 SS728 ST678
SV222 SX534 SY760 SZ748 TC796 TD148 TF260 TG768 TH764 TJ762 TK772 TL626 TM795 TN788 TO776 TR792 TT780 TV798 TW158
TZ834 UA804 UG800 UM581 US840 UY858 UZ860 VA336 VC670 VE862 VG092 VI850 VN704 VU548 WF876 WS882 YE887 YT175 ZA710
ZM894 ZW716`

// currencies are the numbers of ISO 4217 with its amendments up to 2025.
const currencies = `
008 012 032 036 044 048 050 051 052 060 064 068 072 084 090 096 104 108 116 124 132 136 144 152 156 170 174 188 192
203 208 214 222 230 232 238 242 262 270 292 320 324 328 332 340 344 348 352 356 360 364 368 376 388 392 396 398 400
404 408 410 414 417 418 422 426 430 434 446 454 458 462 480 484 496 498 504 512 516 524 532 533 548 554 558 566 578
586 590 598 600 604 608 634 643 646 654 682 690 702 704 706 710 728 748 752 756 760 764 776 780 784 788 800 807 818
826 834 840 858 860 882 886 901 924 925 926 927 928 929 930 933 934 936 938 940 941 943 944 946 947 948 949 950 951
952 953 955 956 957 958 959 960 961 962 963 964 965 967 968 969 970 971 972 973 975 976 977 978 979 980 981 984 985
986 990 994 997 999`

// pairPackages are the package types of two characters in GS1's code list
// PackageTypeCode: the first, then each second one. otherPackages are the rest.
const (
	pairPackages = `
1ABDFGW 2C 3AH 434ABCDFGH 5HLM 6HP 7AB 8ABC AABCDFGHIJLMPTV B4BCDEFGHIJKLMNOPQRSTUVWXYZ CABCDEFGHIJKLMNOPQRSTUVWXYZ
DABCGHIJKLMNPRSTUVWXY E123CDEFGHIN FBCDEILOPRTWX GBILRUYZ HABCGNR IABCDEFGHKLNZ JBCGRTY KGI LEGTUVZ MABCERSTWX
NAEFGSTUV OABCDEFKTU P2ABCDEFGHIJKLNOPRTUVXYZ QABCDFGHJKLMNPQRS RDGJKLOTZ S1ABCDEHIKLMOPSTUVWXYZ T1BCDEGIKLNORSTUVWYZ
UCN VAGIKLNOPQRSY WABCDFGHJKLMNPQRSTUVWXYZ X3ABCDFGHJK YABCDFGHJKLMNPQRSTVWXYZ ZABCDFGHJKLMNPQRSTUVWXYZ`
	otherPackages = `
200 201 202 203 204 205 206 210 211 212 8 9 APE BGE BME BRI CBL CCE DPE FOB FPE LAB MPE OPE PAE PLP POP PPE PUE RB1
RB2 RB3 RCB SEC STL TEV THE TRE TTE TWE UUE WRP X11 X12 X15 X16 X17 X18 X19 X20`
)

// The lists, by code. They are never written after start.
var (
	countryNumbers, countryLetters = splitCountries()

	currencyNumbers = members(strings.Fields(currencies))
	packageTypes    = makePackageTypes()
)

func splitCountries() (numbers, letters map[string]bool) {
	numbers, letters = map[string]bool{}, map[string]bool{}
	for _, c := range strings.Fields(countries) {
		letters[c[:2]], numbers[c[2:]] = true, true
	}
	return numbers, letters
}

func members(codes []string) map[string]bool {
	m := make(map[string]bool, len(codes))
	for _, c := range codes {
		m[c] = true
	}
	return m
}

func makePackageTypes() map[string]bool {
	m := members(strings.Fields(otherPackages))
	for _, group := range strings.Fields(pairPackages) {
		for _, second := range group[1:] {
			m[group[:1]+string(second)] = true
		}
	}
	return m
}

func checkCountry(value string) fault {
	if !countryNumbers[value] {
		return found(Country, 0, "%s is no country's number in ISO 3166", value)
	}
	return fault{}
}

// checkCountryOr999 allows 999, which says that there are several countries.
func checkCountryOr999(value string) fault {
	if value == "999" {
		return fault{}
	}
	return checkCountry(value)
}

func checkCountryAlpha2(value string) fault {
	if !countryLetters[value] {
		return found(Country, 0, "%s is no country's letters in ISO 3166", value)
	}
	return fault{}
}

func checkCurrency(value string) fault {
	if !currencyNumbers[value] {
		return found(Currency, 0, "%s is no currency's number in ISO 4217", value)
	}
	return fault{}
}

func checkPackageType(value string) fault {
	if !packageTypes[value] {
		return found(PackageType, 0, "%s is no package type in GS1's code list", value)
	}
	return fault{}
}

func checkMediaType(value string) fault {
	if n := number(value); n < 1 || n > 10 && n < 80 {
		return found(MediaType, 0, "%s is no media type; 01 to 10 and 80 to 99 are", value)
	}
	return fault{}
}

// shortestIBAN leaves room for country, check digits and an account; the
// registry's countries have their own lengths, which change.
const shortestIBAN = 11

// checkIBAN follows ISO 13616: behind the account come country and check digits,
// letters count from 10, and the whole leaves 1 when divided by 97. Kosovo's XK
// is used in IBANs though ISO 3166 does not have it.
func checkIBAN(value string) fault {
	switch {
	case len(value) < shortestIBAN:
		return found(IBAN, len(value), "an IBAN has at least %d characters", shortestIBAN)
	case !countryLetters[value[:2]] && value[:2] != "XK":
		return found(IBAN, 0, "%s is no country's letters", value[:2])
	}
	rest := 0
	for i := range len(value) {
		at := (i + 4) % len(value)
		switch c := value[at]; {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return found(IBAN, at, "%q is not in an IBAN, which has digits and capital letters", c)
		}
	}
	if rest != 1 {
		return found(IBAN, 2, "the check digits %s do not fit the account", value[2:4])
	}
	return fault{}
}
