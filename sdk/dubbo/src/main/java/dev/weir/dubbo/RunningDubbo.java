package dev.weir.dubbo;

/** Which Dubbo the application brings: connections are renewed on Dubbo 3, arguments are written on 2.7 too. */
final class RunningDubbo {
    private static final boolean HAS_MODELS = hasModels();

    private RunningDubbo() {}

    /** Whether it keeps its clients by framework, as Dubbo 3 does. */
    static boolean isThree() {
        return HAS_MODELS;
    }

    private static boolean hasModels() {
        try {
            Class.forName("org.apache.dubbo.rpc.model.FrameworkModel", false, RunningDubbo.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }
}
