//! Bodies that are small on the way and large when they arrive.

/// So many MiB of zeros as gzip, which makes a kilobyte of each.
pub(crate) fn zipped_zeros(mebibytes: usize) -> Vec<u8> {
    // One MiB of zeros as raw deflate that ends on a byte (zlib level 9, full flush), so that
    // copies may follow each other.
    let one = include_bytes!("one_mebibyte_of_zeros.deflate");
    let crc: u32 = match mebibytes {
        1 => 0xA738_EA1C,
        64 => 0xB2EB_30ED,
        65 => 0x97D3_8551,
        other => panic!("the CRC of {other} MiB of zeros is not in the table"),
    };
    let length = u32::try_from(mebibytes * 1024 * 1024).unwrap();
    [
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03".as_slice(),
        &one.repeat(mebibytes),
        b"\x03\x00",
        &crc.to_le_bytes(),
        &length.to_le_bytes(),
    ]
    .concat()
}
