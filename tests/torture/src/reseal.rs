//! A WAL whose checksums always seem right: the mutant that shows what they are for.
//!
//! Each read shows the file as if every frame had been written whole, with the salts of its
//! header. The format: <https://sqlite.org/fileformat2.html#walformat>.

use anchorite_vfs::{File, Result};

const HEADER_SIZE: usize = 32;
const FRAME_HEADER_SIZE: usize = 24;

/// A file that reseals what it reads.
pub(crate) struct Resealed {
    file: Box<dyn File>,
}

impl Resealed {
    pub(crate) fn new(file: Box<dyn File>) -> Self {
        Self { file }
    }

    fn resealed(&mut self) -> Result<Vec<u8>> {
        let size = usize::try_from(self.file.size()?).expect("a small WAL");
        let mut bytes = vec![0; size];
        self.file.read(&mut bytes, 0)?;
        reseal(&mut bytes);
        Ok(bytes)
    }
}

fn reseal(bytes: &mut [u8]) {
    if bytes.len() < HEADER_SIZE {
        return;
    }
    let (header, frames) = bytes.split_at_mut(HEADER_SIZE);
    // The last bit of the magic says in which byte order the words are summed.
    let big_endian = header[3] & 1 == 1;
    let page_size = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    let mut sum = add(big_endian, [0, 0], &header[..24]);
    header[24..].copy_from_slice(&words(sum));
    let page_size = usize::try_from(page_size).expect("at most 65536 in a header of ours");
    if !(512..=65536).contains(&page_size) {
        return;
    }
    for frame in frames.chunks_exact_mut(FRAME_HEADER_SIZE + page_size) {
        frame[8..16].copy_from_slice(&header[16..24]);
        sum = add(big_endian, sum, &frame[..8]);
        sum = add(big_endian, sum, &frame[FRAME_HEADER_SIZE..]);
        frame[16..24].copy_from_slice(&words(sum));
    }
}

fn words(sum: [u32; 2]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&sum[0].to_be_bytes());
    bytes[4..].copy_from_slice(&sum[1].to_be_bytes());
    bytes
}

fn add(big_endian: bool, mut sum: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    for pair in bytes.chunks_exact(8) {
        for (this, other) in [(0, 1), (1, 0)] {
            let word = [0, 1, 2, 3].map(|at| pair[this * 4 + at]);
            let word = match big_endian {
                true => u32::from_be_bytes(word),
                false => u32::from_le_bytes(word),
            };
            sum[this] = sum[this].wrapping_add(word).wrapping_add(sum[other]);
        }
    }
    sum
}

impl File for Resealed {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let bytes = self.resealed()?;
        let start = usize::try_from(offset)
            .expect("a small WAL")
            .min(bytes.len());
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.file.write(data, offset)
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.file.truncate(size)
    }

    fn settle(&mut self) -> Result<()> {
        self.file.settle()
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }

    fn size(&mut self) -> Result<u64> {
        self.file.size()
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.file.close()
    }
}
