namespace Cameo.Kernels;

/// <summary>Chooses the experts of tokens. Of equal numbers the later expert goes first, as in ONNX Runtime.</summary>
internal static unsafe class ExpertRouter
{
    // Experts whose number is within this share of the largest take part in a softmax of SparseMixer: twice its jitter of 0.01.
    private const float SparseMixerReach = 0.02f;

    /// <summary>Writes the expert of every choice, or -1 where it weighs nothing, and its weight.</summary>
    public static void Choose(in ExpertArguments arguments, int* experts)
    {
        for (nint token = 0; token < arguments.Tokens; token++)
        {
            float* numbers = arguments.Router + (token * arguments.Experts);
            float* given = arguments.RouterWeights == null ? null : arguments.RouterWeights + (token * arguments.Experts);
            int* chosen = experts + (token * arguments.Chosen);
            float* weights = arguments.Weights + (token * arguments.Chosen);
            for (int choice = 0; choice < arguments.Chosen; choice++)
            {
                chosen[choice] = Next(numbers, arguments.Experts, choice == 0 ? -1 : chosen[choice - 1]);
            }

            Weigh(arguments, numbers, given, chosen, weights);
            for (int choice = 0; choice < arguments.Chosen; choice++)
            {
                // What is not a number stays, and is seen in the result.
                chosen[choice] = weights[choice] <= arguments.Threshold ? -1 : chosen[choice];
            }
        }
    }

    /// <summary>The expert that follows another in descending order of the numbers; not a number counts as the least.</summary>
    private static int Next(float* numbers, int experts, int previous)
    {
        int best = -1;
        for (int expert = 0; expert < experts; expert++)
        {
            bool isLeft = previous < 0 || IsBefore(numbers, previous, expert);
            if (isLeft && (best < 0 || IsBefore(numbers, expert, best)))
            {
                best = expert;
            }
        }

        return best;
    }

    private static bool IsBefore(float* numbers, int left, int right)
    {
        int order = numbers[left].CompareTo(numbers[right]);
        return order > 0 || (order == 0 && left > right);
    }

    private static void Weigh(in ExpertArguments arguments, float* numbers, float* given, int* chosen, float* weights)
    {
        int count = arguments.Chosen;
        float sum = 0;
        switch (arguments.Routing)
        {
            case ExpertRouting.SparseMixer:
                for (int choice = 0; choice < count; choice++)
                {
                    weights[choice] = SparseWeight(numbers, arguments.Experts, chosen, choice);
                }

                return;
            case ExpertRouting.Softmax:
                for (int expert = 0; expert < arguments.Experts; expert++)
                {
                    sum += MathF.Exp(numbers[expert] - numbers[chosen[0]]);
                }

                break;
        }

        for (int choice = 0; choice < count; choice++)
        {
            weights[choice] = given != null ? given[chosen[choice]] : MathF.Exp(numbers[chosen[choice]] - numbers[chosen[0]]);
            sum += arguments.Routing == ExpertRouting.Softmax ? 0 : weights[choice];
        }

        if (arguments.Routing != ExpertRouting.Given)
        {
            for (int choice = 0; choice < count; choice++)
            {
                weights[choice] = sum == 0 ? 0 : weights[choice] / sum;
            }
        }
    }

    private static float SparseWeight(float* numbers, int experts, int* chosen, int choice)
    {
        float largest = numbers[chosen[choice]], sum = 0;
        for (int expert = 0; expert < experts; expert++)
        {
            bool isTaken = choice > 0 && expert == chosen[0];
            if (!isTaken && (largest - numbers[expert]) / MathF.Max(MathF.Abs(numbers[expert]), largest) <= SparseMixerReach)
            {
                sum += MathF.Exp(numbers[expert] - largest);
            }
        }

        return 1 / sum;
    }
}
