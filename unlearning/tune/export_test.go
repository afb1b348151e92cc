package tune

// Settings returns those of a search whose settings are worth what a function says.
func Settings(ranges []Range, n int, seed uint64, worth func(settings string) float64) (all []string) {
	s := newSearch(ranges, n, seed)
	for k := range n {
		all = append(all, s.next(k))
		if k > 0 {
			s.judged(k, worth(all[k]))
		}
	}
	return all
}
