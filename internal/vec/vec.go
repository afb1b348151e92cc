package vec

import "fmt"

// Float is the element type of a vector.
type Float interface{ float32 | float64 }

// Axpy sets y = y + alpha·x.
func Axpy[T Float](alpha T, x, y []T) {
	same(len(x), len(y))
	i := 0
	if x, ok := any(x).([]float32); ok {
		i = axpy32(float32(alpha), x, any(y).([]float32))
	}
	for ; i < len(x); i++ {
		y[i] += T(alpha * x[i])
	}
}

// Scale sets x = alpha·x.
func Scale[T Float](alpha T, x []T) {
	i := 0
	if x, ok := any(x).([]float32); ok {
		i = scale32(float32(alpha), x)
	}
	for ; i < len(x); i++ {
		x[i] *= alpha
	}
}

// Add sets dst = x + y.
func Add[T Float](dst, x, y []T) {
	same(len(dst), len(x), len(y))
	i := 0
	if x, ok := any(x).([]float32); ok {
		i = add32(any(dst).([]float32), x, any(y).([]float32))
	}
	for ; i < len(x); i++ {
		dst[i] = x[i] + y[i]
	}
}

// Sub sets dst = x − y.
func Sub[T Float](dst, x, y []T) {
	same(len(dst), len(x), len(y))
	i := 0
	if x, ok := any(x).([]float32); ok {
		i = sub32(any(dst).([]float32), x, any(y).([]float32))
	}
	for ; i < len(x); i++ {
		dst[i] = x[i] - y[i]
	}
}

// Mul sets dst = x·y, element by element.
func Mul[T Float](dst, x, y []T) {
	same(len(dst), len(x), len(y))
	i := 0
	if x, ok := any(x).([]float32); ok {
		i = mul32(any(dst).([]float32), x, any(y).([]float32))
	}
	for ; i < len(x); i++ {
		dst[i] = x[i] * y[i]
	}
}

// Momentum does one step of gradient descent with momentum beta, weight decay
// lambda and learning rate eta, in one pass over memory:
//
//	p = (beta·p + g) + lambda·w
//	w = w − eta·p
func Momentum[T Float](eta, beta, lambda T, w, p, g []T) {
	same(len(w), len(p), len(g))
	i := 0
	if w, ok := any(w).([]float32); ok {
		i = momentum32(float32(eta), float32(beta), float32(lambda), w, any(p).([]float32), any(g).([]float32))
	}
	for ; i < len(w); i++ {
		p[i] = (T(beta*p[i]) + g[i]) + T(lambda*w[i])
		w[i] -= T(eta * p[i])
	}
}

func same(n int, others ...int) {
	for _, m := range others {
		if m != n {
			panic(fmt.Sprintf("vec: vectors of lengths %d and %d", n, m))
		}
	}
}
