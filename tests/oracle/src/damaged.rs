//! Databases with random bytes changed: what is changed, what is asked, and how answers compare.
//!
//! Called by `report` for the browsers' expectations, and by `tests/damaged.rs` over our own VFS.
//! The same rules are in `tests/bad-input/50-damaged.ts`. It must not know who answers.

/// How many damaged copies there are.
pub(crate) const CASES: u32 = 1000;

/// The bytes of the file header; a change there is the most telling, so a quarter of all are there.
const HEADER_SIZE: usize = 100;
const PAGE_SIZE: usize = 4096;

/// What is asked of each copy. Texts of SQLite's own making, so that they compare byte for byte.
pub(crate) const QUERIES: [&str; 5] = [
    "SELECT group_concat(quote(name) || quote(sql)) AS t FROM sqlite_schema",
    "SELECT group_concat(quote(TrackId) || quote(Name) || quote(Composer) || quote(UnitPrice)) \
     AS t FROM Track",
    "SELECT group_concat(quote(LastName) || quote(Total)) AS t \
     FROM Customer JOIN Invoice USING (CustomerId) ORDER BY InvoiceId",
    "SELECT quote(count(*)) || quote(sum(TrackId)) AS t FROM PlaylistTrack",
    "SELECT group_concat(quick_check) AS t FROM pragma_quick_check(3)",
];

/// The bytes to change in a copy of this size: where, and to what.
pub(crate) fn changes(case: u32, size: usize) -> Vec<(usize, u8)> {
    let mut random = Mulberry(case);
    let count = 1 + random.below(4);
    let change = |_| {
        let place = match random.below(4) {
            0 => random.below(HEADER_SIZE),
            1 => random.below(size / PAGE_SIZE) * PAGE_SIZE + random.below(16),
            _ => random.below(size),
        };
        (place, random.next().to_le_bytes()[0])
    };
    (0..count).map(change).collect()
}

/// Mulberry32: one 32-bit word of state, the same in both languages.
struct Mulberry(u32);

impl Mulberry {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 15)).wrapping_mul(mixed | 1);
        mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
        mixed ^ (mixed >> 14)
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }
}
