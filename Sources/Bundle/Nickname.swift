/// Three words that stand for a bundle's id, for people who say it aloud: `brave-amber-heron`.
///
/// Derived from the id, so it needs no field and no register. One of 2,097,152: enough to tell a fleet's releases apart,
/// not to prove anything; programs compare ids.
public struct Nickname: Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// - Parameter id: ``Manifest/id``: its first three bytes choose, each by its lower seven bits.
    public init(of id: String) {
        let lists = [Self.manners, Self.colours, Self.animals]
        let digits = Array(id.utf8)
        let words = lists.indices.map { index in
            let byte = digits.dropFirst(2 * index).prefix(2).reduce(0) { value, digit in
                value << 4 | (Character(UnicodeScalar(digit)).hexDigitValue ?? 0)
            }
            return lists[index][byte & 0x7F]
        }
        description = words.joined(separator: "-")
    }

    // 128 words each, easy to tell apart on the telephone. Their order is part of the format.
    static let manners = words(
        """
        able agile alert amazing ample artful awake bold brave breezy bright brisk bubbly calm candid careful casual \
        caring cheerful chief chosen civil classic clear clever cosy cool cordial crafty crisp curious dapper daring \
        dashing dear decent deep devoted direct dreamy driven dutiful eager early earnest easy elated elegant exact \
        faithful famous fancy fearless festive fine firm fluent fond frank fresh friendly frugal full funny gallant \
        generous gentle genuine giant glad golden graceful grand grateful handy happy hardy harmless hasty helpful \
        honest hopeful humble hungry jolly jovial joyful keen kind large lasting lavish learned light likely little \
        lively loud lovely loyal lucky lunar magic major mellow merry mighty mild modest musical mutual neat nimble \
        noble normal novel open patient peaceful plucky polite proud quick quiet rapid ready regal royal
        """)
    static let colours = words(
        """
        amber apricot aqua ash azure bamboo basalt beige birch blue brass bronze brown buff cedar chalk charcoal cherry \
        chestnut cinnamon citrus clay clover cobalt cocoa coffee copper coral cork cotton cream crimson crystal cyan \
        denim diamond ebony ecru elder emerald fern flax flint forest fuchsia garnet ginger glass gold granite grape \
        graphite gravel green grey hazel heather henna hickory holly honey indigo iris iron ivory ivy jade jasmine jet \
        juniper khaki lava lavender lemon lilac lily lime linen magenta mahogany mango maple marble maroon mauve mint \
        moss mustard navy nickel oak ochre olive onyx opal orange orchid papaya peach pearl pebble pepper pewter pine \
        pink plum poppy purple quartz raven red rose ruby rust saffron sage salmon sand sapphire scarlet sepia sienna \
        silver slate snow steel straw teal
        """)
    static let animals = words(
        """
        albatross alpaca antelope badger bat bear beaver bee beetle bison boar buffalo camel canary caribou carp cat \
        cheetah cobra condor cougar coyote crab crane cricket crow deer dingo dolphin donkey dove dragonfly duck eagle \
        eel egret elephant elk emu falcon ferret finch firefly flamingo fox frog gazelle gecko gibbon giraffe goat \
        goldfish goose gopher grouse gull hamster hare hawk hedgehog heron hippo hornet horse husky ibex ibis iguana \
        impala jackal jaguar jay kangaroo kestrel kiwi koala lark lemur leopard lion lizard llama lobster lynx magpie \
        mammoth marmot marten meerkat mole mongoose moose moth mouse newt ocelot octopus orca osprey ostrich otter owl \
        oyster panda panther parrot pelican penguin pigeon pony puffin puma python quail rabbit raccoon ram reindeer \
        robin salamander seal shark sheep sparrow squirrel stork swan tiger
        """)

    private static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
