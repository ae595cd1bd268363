// c += a b in f32 with sums in ascending k: the small products of adapters and of backward. Included inside
// the namespace of a set.
//
// A block of kMultiplyRows rows x kMultiplyVectors vectors of c stays in registers for all of k. Each element of
// c is one lane of one accumulator, so grouping changes no bit.

// With 32 registers 8 x 3 sums, 3 of b and a broadcast; with 16 of half the width 6 x 1: twelve sums (latency 4,
// two a cycle: eight would do) and the fewest loads for them. Source: van Zee and van de Geijn 2015, "BLIS".
inline constexpr int kMultiplyRows = kMaxRows >= 8 ? 8 : 6, kMultiplyVectors = kMaxRows >= 8 ? 3 : 1;

// Inlined, or g++ 12 moves the sums through memory at its end.
template <int kRows, int kVectors>
[[gnu::always_inline]] inline void multiply_rows(const MultiplyArgs& args, int row, int column) {
  const float* a[kRows];
  float* c[kRows];
  F32 acc[kRows][kVectors];
  for (int r = 0; r < kRows; r++) {
    a[r] = args.a + (row + r) * args.a_row;
    c[r] = args.c + static_cast<ptrdiff_t>(row + r) * args.c_stride + column;
    for (int v = 0; v < kVectors; v++) acc[r][v] = load(c[r] + 16 * v);
  }
  const float* b = args.b + column;
  ptrdiff_t at = 0;
  for (int k = 0; k < args.k; k++, b += args.b_stride, at += args.a_k) {
    F32 row_of_b[kVectors];
    for (int v = 0; v < kVectors; v++) row_of_b[v] = load(b + 16 * v);
    for (int r = 0; r < kRows; r++) {
      const F32 value = splat(a[r][at]);
      for (int v = 0; v < kVectors; v++) acc[r][v] = fma(value, row_of_b[v], acc[r][v]);
    }
  }
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < kVectors; v++) store(c[r] + 16 * v, acc[r][v]);
  }
}

template <int kVectors>
inline void multiply_columns(const MultiplyArgs& args, int column) {
  int row = 0;
  for (; row + kMultiplyRows <= args.rows; row += kMultiplyRows)
    multiply_rows<kMultiplyRows, kVectors>(args, row, column);
  for (; row + 4 <= args.rows; row += 4) multiply_rows<4, kVectors>(args, row, column);
  for (; row + 2 <= args.rows; row += 2) multiply_rows<2, kVectors>(args, row, column);
  for (; row < args.rows; row++) multiply_rows<1, kVectors>(args, row, column);
}

void multiply_add(const MultiplyArgs& args) {
  int column = 0;
  for (; column + 16 * kMultiplyVectors <= args.n; column += 16 * kMultiplyVectors)
    multiply_columns<kMultiplyVectors>(args, column);
  for (; column < args.n; column += 16) multiply_columns<1>(args, column);
}
