// apus-init: PID 1 of the device.
//
// Its duties:
//   - mount /proc, /sys, /dev (where the initramfs has not), /run, /tmp and the data partition on /data;
//   - have the data partition repaired, made anew or grown by a process of its own, which may wait;
//   - put what was provisioned on the card into /run/apus/provisioned;
//   - load the kernel modules of the board and set the hostname;
//   - run a DHCP client on every network interface, as interfaces come and go;
//   - start the app, and again whenever it ends, at growing intervals;
//   - reboot when the app fails again and again;
//   - kill an app that has stopped reporting that it lives;
//   - feed the hardware watchdog;
//   - its part of the boot state machine (docs/boot-state.md): leave the note of how far this start came, confirm or roll
//     back a slot on trial, adopt a slot that was started in place of the confirmed one, give up a damaged one;
//   - reap every process that ends without a parent;
//   - shut down in order on SIGTERM (reboot), SIGUSR2 (power off) and SIGUSR1 (halt), as BusyBox's commands send them.
//
// What it must never do:
//   - trap or exit: the kernel panics when PID 1 ends, and resets the machine;
//   - wait without a limit for anything: everything goes through one poll loop;
//   - write to a slot;
//   - allocate without bound, or read a file whose size it does not limit.
internal import BootState
internal import CLinux
internal import Card
internal import Glibc

@main
enum ApusInit {
    static func main() {
        if getpid() != 1, let task = DataTask(CommandLine.arguments) { exit(task.run()) }
        // Inherited by nobody: each process is started with an empty signal mask.
        let signals = Signals()
        Mounts.early()
        Log.line("started")
        let arguments = KernelArguments(String(decoding: Settings.bytes(of: "/proc/cmdline"), as: UTF8.self))
        let memory = arguments.note.flatMap { NoteMemory(at: $0) }
        let card = try? BlockFile("/dev/apus/card", isWritable: true)
        let boot = BootControl(arguments, card: card) { memory?.write($0) }
        boot.tell(.running)
        if let why = arguments.why { Log.line("slot \(why.slot.rawValue) \(why.reason)") }
        var system = System(signals: signals, boot: boot)
        system.run()
    }
}
