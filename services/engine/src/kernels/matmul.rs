//! The one door to the `gemm` crate: a safe product of row-major matrices on the calling thread.

use gemm::Parallelism;

/// Writes `left [rows, inner]` times `right [inner, columns]` into `out [rows, columns]`.
///
/// # Panics
/// When a slice's length is not the product of its sizes.
#[expect(unsafe_code, reason = "gemm takes raw pointers; every length is asserted before")]
pub(crate) fn multiply(
    out: &mut [f32],
    left: &[f32],
    right: &[f32],
    (rows, inner, columns): (usize, usize, usize),
) {
    assert_eq!(out.len(), rows * columns, "output of a matrix product");
    assert_eq!(left.len(), rows * inner, "left side of a matrix product");
    assert_eq!(right.len(), inner * columns, "right side of a matrix product");
    // Slices are at most isize::MAX bytes long, so no stride below can wrap.
    let (out_stride, left_stride, right_stride) = (columns as isize, inner as isize, columns as isize);
    // SAFETY: the three matrices are row-major with the strides given, lie wholly inside their slices (asserted
    // above), and `out` is exclusively borrowed, so it overlaps neither input. It is written, not read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            out_stride,
            false,
            left.as_ptr(),
            1,
            left_stride,
            right.as_ptr(),
            1,
            right_stride,
            0.0_f32,
            1.0_f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
