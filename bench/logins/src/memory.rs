//! What a process keeps resident, as the kernel counts it.

/// Resident now, MB.
pub(crate) fn resident_mb(process: u32) -> u64 {
    read_mb(process, "VmRSS:")
}

/// The most that was ever resident, MB.
pub(crate) fn peak_mb(process: u32) -> u64 {
    read_mb(process, "VmHWM:")
}

fn read_mb(process: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024 / 1_000_000
}
