// Backward of the row-wise kernels of elementwise.h, and softmax. Included inside the namespace of a set.
// Derivations stand beside the ops (src/ops).

void rms_norm_backward(const float* x, const float* w, int c, float eps, float* dy) {
  F32 squares = splat(0), products = splat(0);
  for (int i = 0; i < c; i += 16) {
    const F32 v = load(x + i);
    squares = fma(v, v, squares);
    products = fma(mul(load(dy + i), load(w + i)), v, products);
  }
  const float inverse = inv_sqrt(reduce_add(squares) / static_cast<float>(c) + eps);
  const F32 along = splat(reduce_add(products) * inverse * inverse / static_cast<float>(c));
  for (int i = 0; i < c; i += 16) {
    const F32 straight = mul(load(dy + i), load(w + i));
    store(dy + i, mul(splat(inverse), sub(straight, mul(load(x + i), along))));
  }
}

// activate(g, slope) returns act(g) and sets act'(g).
template <class Activate>
inline void glu_backward(const float* gate, const float* up, int n, float* dy, float* dup,
                         Activate activate) {
  for (int i = 0; i < n; i += 16) {
    const F32 d = load(dy + i);
    F32 slope;
    const F32 value = activate(load(gate + i), slope);
    store(dup + i, fma(d, value, load(dup + i)));
    store(dy + i, mul(mul(d, load(up + i)), slope));
  }
}

void swiglu_backward(const float* gate, const float* up, int n, float* dy, float* dup) {
  glu_backward(gate, up, n, dy, dup, [](F32 g, F32& slope) {
    const F32 s = sigmoid(g);
    slope = mul(s, fma(g, sub(splat(1.0f), s), splat(1.0f)));
    return mul(g, s);
  });
}

// gelu_tanh(g) = g s(t) with t = 2 sqrt(2/pi) (g + 0.044715 g^3).
void geglu_backward(const float* gate, const float* up, int n, float* dy, float* dup) {
  glu_backward(gate, up, n, dy, dup, [](F32 g, F32& slope) {
    constexpr float kTwice = 1.5957691216057308f, kCubic = 0.044715f;
    const F32 square = mul(g, g), one = splat(1.0f);
    const F32 s = sigmoid(mul(mul(g, fma(square, splat(kCubic), one)), splat(kTwice)));
    const F32 dt = mul(splat(kTwice), fma(square, splat(3 * kCubic), one));
    slope = mul(s, fma(mul(g, sub(one, s)), dt, one));
    return mul(g, s);
  });
}

void softmax(float* x, int n, float* largest, float* sum) {
  constexpr int kRun =
      4096;  // a lane adds 256 terms in f32, runs are added in f64: 262,144 logits keep 6 digits
  F32 top = splat(-__builtin_inff());
  for (int i = 0; i < n; i += 16)
    top = max(top, keep_lanes(load_some(x + i, n - i), 0, n - i < 16 ? n - i : 16, -__builtin_inff()));
  *largest = reduce_max(top);
  double total = 0;
  for (int begin = 0; begin < n; begin += kRun) {
    F32 run = splat(0);
    for (int i = begin; i < n && i < begin + kRun; i += 16) {
      const int count = n - i < 16 ? n - i : 16;
      const F32 p = keep_lanes(exp_lanes(sub(load_some(x + i, count), splat(*largest))), 0, count, 0.0f);
      store_some(x + i, p, count);
      run = add(run, p);
    }
    total += static_cast<double>(reduce_add(run));
  }
  *sum = static_cast<float>(total);
  const F32 inverse = splat(1.0f / *sum);
  for (int i = 0; i < n; i += 16) store_some(x + i, mul(load_some(x + i, n - i), inverse), n - i);
}

void softmax_backward(const float* p, int n, float* dp) {
  F32 products = splat(0);
  for (int i = 0; i < n; i += 16) products = fma(load_some(p + i, n - i), load_some(dp + i, n - i), products);
  const F32 mean = splat(reduce_add(products));
  for (int i = 0; i < n; i += 16)
    store_some(dp + i, mul(load_some(p + i, n - i), sub(load_some(dp + i, n - i), mean)), n - i);
}
