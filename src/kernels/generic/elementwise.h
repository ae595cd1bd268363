// Row-wise kernels: quantise, round, norm, activations. Included inside the namespace of a set.

// Calls whole(i) for full vectors and rest(i, count) for the tail.
template <class Whole, class Rest>
inline void for_lanes(int n, Whole whole, Rest rest) {
  int i = 0;
  for (; i + 16 <= n; i += 16) whole(i);
  if (i < n) rest(i, n - i);
}

// Lanes [0, count) of p, 0 elsewhere.
inline F32 load_some(const float* p, int count) {
  if (count >= 16) return load(p);
  float lanes[16] = {};
  for (int i = 0; i < count; i++) lanes[i] = p[i];
  return load(lanes);
}

inline void store_some(float* p, F32 x, int count) {
  if (count >= 16) return store(p, x);
  float lanes[16];
  store(lanes, x);
  for (int i = 0; i < count; i++) p[i] = lanes[i];
}

// y[i] = f(a[i], b[i]) with a padded tail.
template <class F>
inline void map2(const float* a, const float* b, int n, float* y, F f) {
  for_lanes(
      n, [&](int i) { store(y + i, f(load(a + i), load(b + i))); },
      [&](int i, int count) {
        store_some(y + i, f(load_some(a + i, count), load_some(b + i, count)), count);
      });
}

// exp by 2^n * p(r), r in [-ln2/2, ln2/2], minimax polynomial of degree 6 (the Cephes single-precision
// constants); relative error below 2e-7. Saturates outside [-87.3, 88.3].
inline F32 exp_lanes(F32 x) {
  x = min(max(x, splat(-87.336544f)), splat(88.376259f));
  I32 n = to_i32(mul(x, splat(1.44269504088896341f)));
  F32 fn = to_f32(n);
  F32 r = fma(fn, splat(-0.693359375f), x);
  r = fma(fn, splat(2.12194440e-4f), r);
  F32 p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(mul(r, r), p, add(r, splat(1.0f)));
  return mul(p, pow2(n));
}

inline F32 sigmoid(F32 x) { return div(splat(1.0f), add(splat(1.0f), exp_lanes(sub(splat(0), x)))); }

void quantize_row(const float* x, int k, int rows, int8_t* q, float* d, float* dsum, int32_t* neg_sum) {
  for (int i = 0; i < k; i += kTileK, x += kTileK) {
    F32 lower = load(x), upper = load(x + 16);
    float largest = reduce_max(max(abs(lower), abs(upper)));
    float scale = largest / 127.0f;
    F32 inverse = splat(largest > 0 ? 127.0f / largest : 0.0f);
    I32 a = to_i32(mul(lower, inverse)), b = to_i32(mul(upper, inverse));
    store_i8(q, a);
    store_i8(q + 16, b);
    neg_sum[0] = neg_sum_of(a);
    neg_sum[1] = neg_sum_of(b);
    *d = scale;
    *dsum = scale * static_cast<float>(-neg_sum_value(neg_sum[0]) - neg_sum_value(neg_sum[1]));
    q += kTileK * rows;
    d += rows;
    dsum += rows;
    neg_sum += 2 * rows;
  }
}

void round_row_bf16(const float* x, int k, uint16_t* y) {
  for (int first = 0; first < k; first += kTileK, x += kTileK, y += kBf16Group * kTileK) {
    for (int i = 0; i < kTileK; i++) {
      uint32_t bits;
      __builtin_memcpy(&bits, x + i, 4);
      bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
      y[i] = static_cast<uint16_t>(nan ? (bits >> 16) | 0x40 : (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
    }
  }
}

void rms_norm(const float* x, const float* w, int c, float eps, float* y) {
  F32 squares = splat(0);
  for_lanes(
      c,
      [&](int i) {
        F32 v = load(x + i);
        squares = fma(v, v, squares);
      },
      [&](int i, int count) {
        F32 v = load_some(x + i, count);
        squares = fma(v, v, squares);
      });
  float inverse = inv_sqrt(reduce_add(squares) / static_cast<float>(c) + eps);
  map2(x, w, c, y, [&](F32 v, F32 weight) { return mul(mul(v, splat(inverse)), weight); });
}

inline F32 swiglu_lanes(F32 gate, F32 up) { return mul(mul(gate, sigmoid(gate)), up); }

// gelu_tanh(g) = g * sigmoid(2 * sqrt(2/pi) * (g + 0.044715 g^3)).
inline F32 geglu_lanes(F32 gate, F32 up) {
  const F32 inner = mul(gate, fma(mul(gate, gate), splat(0.044715f), splat(1.0f)));
  return mul(mul(gate, sigmoid(mul(inner, splat(1.5957691216057308f)))), up);
}

void swiglu(const float* gate, const float* up, int n, float* y) { map2(gate, up, n, y, swiglu_lanes); }
void geglu(const float* gate, const float* up, int n, float* y) { map2(gate, up, n, y, geglu_lanes); }

// Phi by the error function of Abramowitz and Stegun, 7.1.26: absolute error below 1.5e-7.
void gelu(const float* x, int n, float* y) {
  map2(x, x, n, y, [](F32 v, F32) {
    const F32 z = mul(abs(v), splat(0.70710678118654752f));
    const F32 t = div(splat(1.0f), fma(z, splat(0.3275911f), splat(1.0f)));
    F32 p = splat(1.061405429f);
    p = fma(p, t, splat(-1.453152027f));
    p = fma(p, t, splat(1.421413741f));
    p = fma(p, t, splat(-0.284496736f));
    p = fma(p, t, splat(0.254829592f));
    // Half the mass beyond |v|: exact in both tails, where 1 - erf would cancel.
    const F32 tail = mul(mul(splat(0.5f), mul(p, t)), exp_lanes(sub(splat(0), mul(z, z))));
    return sub(max(v, splat(0)), mul(abs(v), tail));
  });
}

void rotate(float* x, int heads, int width, int n, bool adjacent, const float* cosine, const float* sine,
            float direction) {
  const F32 sign = splat(direction);
  const auto turned = [&](F32 v, F32 partner, int i, int count) {
    return add(mul(v, load_some(cosine + i, count)), mul(partner, mul(sign, load_some(sine + i, count))));
  };
  const int values = adjacent ? 2 * n : n;
  for (int head = 0; head < heads; head++, x += width) {
    for (int i = 0; i < values; i += 16) {
      const int count = values - i < 16 ? values - i : 16;
      const F32 a = load_some(x + i, count);
      if (adjacent) {
        store_some(x + i, turned(a, swap_neighbours(a), i, count), count);
        continue;
      }
      const F32 b = load_some(x + n + i, count);
      store_some(x + i, turned(a, b, i, count), count);
      store_some(x + n + i, turned(b, a, n + i, count), count);
    }
  }
}

void add_rows(const float* a, const float* b, int n, float* y) {
  map2(a, b, n, y, [](F32 v, F32 w) { return add(v, w); });
}

void store_f16_row(const float* x, int n, uint16_t* y) {
  for_lanes(
      n, [&](int i) { store_f16(y + i, load(x + i)); },
      [&](int i, int count) {
        uint16_t half[16];
        store_f16(half, load_some(x + i, count));
        for (int j = 0; j < count; j++) y[i + j] = half[j];
      });
}
