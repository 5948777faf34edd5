//! What this process takes.

/// Resident now.
pub(crate) fn resident_mb() -> f64 {
    field_mb("VmRSS")
}

/// Resident at most since it began.
pub(crate) fn peak_mb() -> f64 {
    field_mb("VmHWM")
}

/// A field of `/proc/self/status`, which has it in kB.
fn field_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<f64>().unwrap() * 1_024.0 / 1e6
}
