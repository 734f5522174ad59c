package localkms

// ExplainLatest finds out why the latest refused import was refused, as nothing that answers
// requests may do.
func (k *KMS) ExplainLatest() string {
	kept := k.refused.list()
	one := kept[len(kept)-1]
	return k.recent.Explain(one.private, one.alg, one.wrapped, one.size)
}
