// Package scanner is the contract between the devices on the dock and the
// agent: a Source gives Scans, and each Scan takes back the verdict that its
// device shows the worker.
//
// The way of the bytes: a port (scanner/serial, scanner/hid) gives bytes as they
// come, a codec (scanner/profile) makes frames of them and speaks the device's
// protocol, and scanner/barcode reads what a frame says. scanner/link joins the
// three and keeps the port alive; scanner/source chooses among them by the port's
// name. The agent sees only this package.
//
// Nothing here gives good feedback by itself. The device hears of success only
// by Scan.Answer, which the agent calls after its commit.
//
// What goes wrong, who notices it, and what people are told:
//
//	the cable is pulled      link       searched for by its name, wherever it comes back; a frame that broke off is ErrUnterminated
//	no end of a frame        profile    ErrUnterminated, never a scan; link names the end that came instead
//	a wrong rate             link       ErrWrongRate in the status, with the rates to try; nothing is changed by itself
//	old bytes in the port    link       ErrStale: shown, not counted; dropped where the device repeats
//	a run after a silence    link       Scan.Late: it was kept by the device; At is when it came, DeviceTime when it was read
//	a memory sent twice      agent      record by record: CHECK once for those received before, and DF:SAME-AGAIN
//	a trigger that bounces   agent      by Config.Guard: CHECK, not counted
//	two channels             agent      by Config.TwinOf: CHECK, not counted
//	a flood                  link       nothing is read while the agent takes nothing; the state is Stalled, the device waits
//	keyboard mode            serial     ErrKeyboard: which device, and the setup barcode that leaves it
//	another program          serial     ErrHeld: which process
//	no permission            serial     ErrNoPermission: which group to join
//	no such port             serial     ErrNotFound: what to do
package scanner
