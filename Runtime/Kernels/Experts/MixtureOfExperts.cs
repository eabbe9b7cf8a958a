using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Feed-forward layers of which every token uses a few: tokens are grouped by expert, so that each expert that is used multiplies its tokens as one matrix, and every token's results are summed
/// in the order of its choice. So nothing depends on the number of threads.
/// </summary>
public static unsafe class MixtureOfExperts
{
    // Of an activation, an exponential; of a route, an addition and a product.
    private const int ActivationCost = 20;
    private const int SumCost = 2;

    /// <summary>Runs the layer.</summary>
    /// <typeparam name="TFirst">Matrices of the product before the activation.</typeparam>
    /// <typeparam name="TSecond">Matrices of the product after the activation.</typeparam>
    /// <typeparam name="TThird">Matrices of the product that the activation is multiplied with.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="arguments">Operands and sizes.</param>
    /// <param name="first">The product before the activation. Where it has twice as many columns as there are inner elements, the second half is what the activation is multiplied with.</param>
    /// <param name="second">The product after the activation.</param>
    /// <param name="third">The product that the activation is multiplied with, if <paramref name="first"/> does not make it.</param>
    public static void Run<TFirst, TSecond, TThird>(Workers workers, in ExpertArguments arguments, TFirst first, TSecond second, TThird third)
        where TFirst : struct, IExpertMatrices
        where TSecond : struct, IExpertMatrices
        where TThird : struct, IExpertMatrices
    {
        ExpertArguments a = arguments;
        nint most = a.Tokens * a.Chosen;
        int* slots = a.Indices;
        int* order = slots + most;
        int* starts = order + most;
        ExpertRouter.Choose(a, slots);
        nint routes = Group(a, slots, order, starts);
        var gather = new ExpertGatherLoop(a, order);
        Loops.Rows(workers, ref gather, routes, a.Hidden);
        for (int expert = 0; expert < a.Experts; expert++)
        {
            nint begin = starts[expert], rows = starts[expert + 1] - begin;
            if (rows == 0)
            {
                continue;
            }

            float* tokens = a.Gathered + (begin * a.Hidden);
            first.Multiply(workers, expert, tokens, a.Hidden, a.Inner + (begin * first.Columns), rows, Bias(a.FirstBias, expert, first.Columns));
            if (third.Columns > 0)
            {
                third.Multiply(workers, expert, tokens, a.Hidden, a.Gate + (begin * a.InnerSize), rows, Bias(a.ThirdBias, expert, a.InnerSize));
            }
        }

        var activation = new ExpertActivationLoop(a, first.Columns, hasThird: third.Columns > 0);
        Loops.Rows(workers, ref activation, routes, a.InnerSize * ActivationCost);
        for (int expert = 0; expert < a.Experts; expert++)
        {
            nint begin = starts[expert], rows = starts[expert + 1] - begin;
            if (rows > 0)
            {
                second.Multiply(workers, expert, a.Inner + (begin * first.Columns), first.Columns, a.Results + (begin * a.Hidden), rows, Bias(a.SecondBias, expert, a.Hidden));
            }
        }

        var sum = new ExpertSumLoop(a, slots);
        Loops.Rows(workers, ref sum, a.Tokens, a.Hidden * a.Chosen * SumCost);
    }

    /// <summary>Packs matrices that are known at run time only: panels as <see cref="FloatExperts"/> reads them.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="source">First weight of [experts, columns, depth].</param>
    /// <param name="expertStride">Elements from an expert to the next.</param>
    /// <param name="columnStride">Elements from a column to the next.</param>
    /// <param name="depthStride">Elements from a row of the matrix to the next.</param>
    /// <param name="experts">Experts.</param>
    /// <param name="columns">Columns of each matrix.</param>
    /// <param name="depth">Rows of each matrix.</param>
    /// <param name="packed">Receives the panels; 64-byte aligned.</param>
    public static void Pack(Workers workers, float* source, nint expertStride, nint columnStride, nint depthStride, int experts, nint columns, nint depth, float* packed)
    {
        var pack = new ExpertPackLoop(source, expertStride, columnStride, depthStride, columns, depth, packed);
        Loops.Rows(workers, ref pack, experts, columns * depth);
    }

    private static float* Bias(float* biases, int expert, nint columns) => biases == null ? null : biases + (expert * columns);

    /// <summary>Sorts routes by expert: in slots, which hold the expert of every choice of a token (-1 for none), stands its place among the routes afterwards.</summary>
    private static nint Group(in ExpertArguments a, int* slots, int* order, int* starts)
    {
        nint most = a.Tokens * a.Chosen;
        new Span<int>(starts, a.Experts + 1).Clear();
        for (nint choice = 0; choice < most; choice++)
        {
            if (slots[choice] >= 0)
            {
                starts[slots[choice] + 1]++;
            }
        }

        for (int expert = 0; expert < a.Experts; expert++)
        {
            starts[expert + 1] += starts[expert];
        }

        nint routes = starts[a.Experts];
        for (nint choice = 0; choice < most; choice++)
        {
            if (slots[choice] is var expert and >= 0)
            {
                int place = starts[expert]++;
                order[place] = checked((int)(choice / a.Chosen));
                slots[choice] = place;
            }
        }

        // Filling has moved every start to the next one.
        for (int expert = a.Experts; expert > 0; expert--)
        {
            starts[expert] = starts[expert - 1];
        }

        starts[0] = 0;
        return routes;
    }
}
