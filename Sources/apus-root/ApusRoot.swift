// apus-root: runs in the initramfs, before the root is mounted.
//
//   apus-root PARTITION SECTORS,TREE,HASH
//
// Makes the mapped device that proves the root image, prints its path. With exit status 1 it prints why it
// cannot.
internal import Glibc
internal import Verity

@main
enum ApusRoot {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let table = VerityTable(arguments[2]) else {
            fail("usage: apus-root PARTITION SECTORS,TREE,HASH")
        }
        do throws(VerityError) {
            print(try VerityDevice.create(table, on: arguments[1]))
        } catch {
            fail(error.description)
        }
    }

    private static func fail(_ text: String) -> Never {
        print("apus-root: \(text)")
        exit(1)
    }
}
