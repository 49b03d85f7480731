//! The kernel's keyrings: no mount hides them, and who inherits one may read what is in it.

use super::Look;

const GET_KEYRING_ID: libc::c_long = 0;
const READ: libc::c_long = 11;
/// Of the thread, the process, the session, the user, and the user's session.
const SPECIAL: std::ops::RangeInclusive<i32> = -5..=-1;
const DEEPEST: usize = 4;

impl Look {
    pub(super) fn keyrings(&mut self) {
        for special in SPECIAL {
            // SAFETY: numbers only.
            let id = unsafe { libc::syscall(libc::SYS_keyctl, GET_KEYRING_ID, special, 0) };
            self.key(id as i32, DEEPEST);
        }
        // Whatever else may be seen: its number comes first in a line.
        let list = std::fs::read_to_string("/proc/keys").unwrap_or_default();
        for line in list.lines() {
            if let Ok(id) = u32::from_str_radix(line.split(' ').next().unwrap_or_default(), 16) {
                self.key(id as i32, DEEPEST);
            }
        }
    }

    fn key(&mut self, id: i32, depth: usize) {
        let mut content = vec![0u8; 64 << 10];
        // SAFETY: the buffer is as long as is said.
        let length = unsafe {
            libc::syscall(
                libc::SYS_keyctl,
                READ,
                id,
                content.as_mut_ptr(),
                content.len(),
            )
        };
        if id <= 0 || length <= 0 || depth == 0 {
            return;
        }
        content.truncate(length as usize);
        self.report.kernel_keys += 1;
        self.read_closely(&format!("kernel key {id:x}"), &content);
        // A keyring reads as the numbers of what is in it; of other keys nobody has such numbers.
        for number in content.chunks_exact(4).take(64) {
            let number = i32::from_ne_bytes([number[0], number[1], number[2], number[3]]);
            self.key(number, depth - 1);
        }
    }
}
