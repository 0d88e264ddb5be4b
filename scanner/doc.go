// Package scanner is the contract between the devices on the dock and the
// agent: a Source gives Scans, and each Scan takes back the verdict that its
// device shows the worker.
//
// The way of the bytes: a port (scanner/serial) gives bytes as they come, a codec
// (scanner/profile) makes frames of them and speaks the device's protocol, and
// scanner/barcode reads what a frame says. scanner/link joins the three and keeps
// the port alive. The agent sees only this package.
//
// Nothing here gives good feedback by itself. The device hears of success only
// by Scan.Answer, which the agent calls after its commit.
package scanner
