// A page with AWS's own liveness component, which the test in test_amplify.py drives: `start` shows it for a session.
import { createRoot } from "react-dom/client";
import { FaceLivenessDetectorCore } from "@aws-amplify/ui-react-liveness";
import "@aws-amplify/ui-react/styles.css";
import "@aws-amplify/ui-react-liveness/styles.css";

window.told = [];
const tell = (event, more) => window.told.push({ event, ...more });

window.start = ({ sessionId, endpoint, accessKeyId, secretAccessKey }) =>
  createRoot(document.getElementById("root")).render(
    <FaceLivenessDetectorCore
      sessionId={sessionId}
      region="us-east-1"
      onAnalysisComplete={async () => tell("complete")}
      onUserCancel={() => tell("cancel")}
      onError={({ state, error }) => tell("error", { state, message: String(error?.message ?? error) })}
      config={{
        credentialProvider: async () => ({ accessKeyId, secretAccessKey }),
        endpointOverride: endpoint,
        binaryPath: `${location.origin}/wasm/`,
        faceModelUrl: `${location.origin}/blazeface/model.json`,
      }}
    />,
  );
tell("ready");
