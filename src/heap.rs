//! The heap, made to give back what is freed where memory is short.
//!
//! glibc gives a block back to the system when it is freed, if it has 128 KiB or more; but with each such block it wants larger ones, up to
//! 32 MiB, and keeps what is smaller, up to 64 MiB a thread: several times what is held of records of some MiB. Only the environment that
//! the program begins with tells it not to, without unsafe.

/// Begins the program anew with a heap that gives back large blocks, where so many threads have little memory. Comes before any thread,
/// file, or word; where it cannot be done, the program goes on as it is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back(memory_bytes: usize, threads: usize) {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use crate::limits::{HEAP_BLOCK_BYTES_MAX, MEMORY_OF_THREAD_AMPLE};

    const THRESHOLD: &str = "MALLOC_MMAP_THRESHOLD_";
    let is_told = [THRESHOLD, "GLIBC_TUNABLES"]
        .iter()
        .any(|name| env::var_os(name).is_some());
    if is_told || memory_bytes / threads >= MEMORY_OF_THREAD_AMPLE {
        return;
    }
    let (Ok(program), mut args) = (env::current_exe(), env::args_os()) else {
        return;
    };
    let mut command = Command::new(program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    let _ = command // returns only what went wrong
        .args(args)
        .env(THRESHOLD, HEAP_BLOCK_BYTES_MAX.to_string())
        .exec();
}

/// Other systems' heaps give back what is freed.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back(_memory_bytes: usize, _threads: usize) {}
