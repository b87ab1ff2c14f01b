/// `36.3M`, `72M`, `667B`: at most one decimal, as the push says them.
pub(crate) fn human(bytes: u64) -> String {
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 'B');
    for next in ['K', 'M', 'G'] {
        if tenths < 10_240 {
            break;
        }
        tenths = (tenths + 512) / 1_024;
        unit = next;
    }
    match tenths % 10 {
        0 => format!("{}{unit}", tenths / 10),
        tenth => format!("{}.{tenth}{unit}", tenths / 10),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_at_most() {
        let sizes = [0, 1_023, 1_024, 1_536, 52_428_800, 3_221_225_472].map(human);
        assert_eq!(sizes, ["0B", "1023B", "1K", "1.5K", "50M", "3G"]);
        assert_eq!([counted(0, "file"), counted(1, "file")], ["0 files", "1 file"]);
    }
}
