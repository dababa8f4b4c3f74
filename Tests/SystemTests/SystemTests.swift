import Testing

/// Boots the built images in QEMU, one after the other.
@Suite(.serialized) enum SystemTests {}

/// What takes long, one after the other, beside the others: a board that waits for its power, its readings or its broker
/// leaves half of a small host to them. Three at a time would starve each other.
@Suite(.serialized) enum EnduranceTests {}
