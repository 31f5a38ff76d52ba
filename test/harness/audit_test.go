package harness

import (
	"encoding/json"
	"testing"
)

func TestAWriteIsReadWhateverItsPatchIs(t *testing.T) {
	for _, written := range []string{`{"metadata":{}}`, `[{"op":"replace","path":"/metadata/managedFields","value":[]}]`} {
		var write Write
		line := `{"verb":"patch","requestObject":` + written + `,"responseStatus":{"code":200}}`
		if err := json.Unmarshal([]byte(line), &write); err != nil || write.ResponseStatus.Code != 200 {
			t.Errorf("%s: read as %+v, %v", line, write, err)
		}
	}
}
