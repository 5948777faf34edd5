//! Processor time and memory of a group of processes (proc(5)).

use std::fs;

/// User and system time of all processes of a group that live, seconds.
pub(crate) fn seconds_of_group(group: u32) -> f64 {
    let ticks: u64 =
        stats().filter(|fields| fields[2] == u64::from(group)).map(|fields| fields[11] + fields[12]).sum();
    // The clock ticks of Linux' user space interface are 10 ms long.
    ticks as f64 / 100.0
}

/// The numeric fields of every process's `stat`, from the state on; a letter is 0.
fn stats() -> impl Iterator<Item = Vec<u64>> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| {
        let is_process = entry.file_name().to_str()?.bytes().all(|byte| byte.is_ascii_digit());
        let stat = is_process.then(|| fs::read_to_string(entry.path().join("stat")).ok())??;
        let (_, fields) = stat.rsplit_once(") ")?;
        Some(fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
    })
}
