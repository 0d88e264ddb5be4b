#!/usr/bin/env python3
"""What Dockfill must come to on the Online Retail data, worked out from the CSV
files alone.

    retail.py [--details] SUPPLY.csv ORDERS.csv ORDERS.csv ...

The rule, as a person would do it with a pencil:

* Demand. Each invoice line with a quantity of at least 1 and an invoice number
  that does not begin with C (a credit note) is a backorder line. Lines of one
  invoice are numbered from 1 in the order in which they stand in the files,
  lines left out not counted. The order was accepted at the InvoiceDate of the
  invoice's first line.
* Rank. Whoever has waited longest comes first: acceptance time, then order
  number, then line number, the last two compared as text.
* Supply. The day's lines with a quantity of at least 1, summed by stock code:
  so many good units arrive of each.
* Fill. Units go to the waiting lines of their stock code in rank order until
  the units or the lines run out. What is left is free stock.

It prints the totals, written as `dockfill-cloud totals` writes its own, so that
the two can be laid side by side. With --details it prints them as one JSON
object, with the number of orders and of pallets, and under "allocated" the units
of every line that gets some. It uses the standard library and nothing of
Dockfill.
"""

import argparse
import collections
import csv
import json


def goods(path):
    with open(path, newline="", encoding="utf-8-sig") as f:
        for row in csv.DictReader(f):
            quantity = int(row["Quantity"])
            if quantity >= 1 and not row["InvoiceNo"].startswith("C"):
                yield row["InvoiceNo"], row["StockCode"], quantity, row["InvoiceDate"]


def as_ranked(name):
    """Names that are numbers rank as numbers, and before others."""
    return (0, int(name), "") if name.isdecimal() else (1, 0, name)


def demand(paths):
    """(accepted, order, line, sku, quantity) of every line, best rank first."""
    accepted, count, lines = {}, collections.Counter(), []
    for path in paths:
        for order, sku, quantity, at in goods(path):
            accepted.setdefault(order, at)
            count[order] += 1
            lines.append((order, str(count[order]), sku, quantity))
    return sorted(((accepted[order], order, line, sku, quantity) for order, line, sku, quantity in lines),
                  key=lambda l: (l[0], as_ranked(l[1]), as_ranked(l[2])))


def work_out(supply_path, order_paths):
    supply = collections.Counter()
    for _, sku, quantity, _ in goods(supply_path):
        supply[sku] += quantity
    left = dict(supply)
    lines, open_by_order, filled = demand(order_paths), collections.Counter(), {}
    for accepted, order, line, sku, quantity in lines:
        given = min(quantity, left.get(sku, 0))
        if given:
            left[sku] -= given
            filled[f"{order}/{line}"] = given
        open_by_order[order] += quantity - given
    return {
        "lines_imported": len(lines),
        "orders": len(open_by_order),
        "pallets": len(supply),
        "units_scanned": sum(supply.values()),
        "units_allocated": sum(filled.values()),
        "orders_completed": sum(1 for units in open_by_order.values() if units == 0),
        "open_units": sum(open_by_order.values()),
        "allocated": filled,
    }


TOTALS = ("lines_imported", "units_scanned", "units_allocated", "orders_completed", "open_units")


def main():
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--details", action="store_true", help="print one JSON object, with who gets what")
    about.add_argument("supply", metavar="SUPPLY.csv", help="the day whose goods arrive")
    about.add_argument("orders", metavar="ORDERS.csv", nargs="+", help="the days whose lines wait")
    asked = about.parse_args()
    try:
        came_to = work_out(asked.supply, asked.orders)
    except OSError as fault:
        about.error(str(fault))
    if asked.details:
        print(json.dumps(came_to))
        return
    width = max(len(str(came_to[name])) for name in TOTALS)
    for name in TOTALS:
        print(f"  {came_to[name]:>{width}} {name.replace('_', ' ')}")


if __name__ == "__main__":
    main()
