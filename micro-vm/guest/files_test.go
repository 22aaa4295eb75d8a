package guest

import "testing"

func TestTheLimitOfFilesFollowsWhatIsInUse(t *testing.T) {
	const own, most = 100, 1000
	limit := own + most
	for _, step := range []struct {
		does         string
		count, inUse int
		limit        int
		forgets      bool
	}{
		{"few are known", 500, 500, 1100, false},
		{"too many are known, none in use", 1101, 100, 1100, true},
		{"too many are in use", 1200, 1200, 1450, true},
		{"they stay in use", 1300, 1300, 1450, false},
		{"more come that are not", 1451, 1200, 1450, true},
		{"some are closed", 1150, 1150, 1400, false},
		{"all are closed", 150, 150, 1100, false},
		{"too many are known again", 1101, 100, 1100, true},
	} {
		limit = lowered(limit, step.count, own, most)
		forgets := step.count > limit
		if forgets {
			limit = limitWith(step.inUse, own, most)
		}
		if forgets != step.forgets || limit != step.limit {
			t.Errorf("%s: forgets %t, limit %d", step.does, forgets, limit)
		}
	}
}
