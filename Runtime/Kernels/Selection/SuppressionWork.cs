namespace Cameo.Kernels;

/// <summary>The work of <see cref="NonMaxSuppression"/>; an item is a class of a batch.</summary>
internal readonly unsafe struct SuppressionWork(float* boxes, float* scores, long classes, long count, SuppressionOptions options, long* picked, long* pickedCounts) : IMoveWork
{
    private readonly float* _boxes = boxes;
    private readonly float* _scores = scores;
    private readonly long* _picked = picked;
    private readonly long* _pickedCounts = pickedCounts;

    public void Run(long begin, long end)
    {
        for (long item = begin; item < end; item++)
        {
            _pickedCounts[item] = options.MaximumBoxes <= 0 ? 0 : Pick(_boxes + (item / classes * count * 4), _scores + (item * count), _picked + (item * 2 * count));
        }
    }

    private long Pick(float* boxes, float* scores, long* positions)
    {
        long candidates = 0;
        for (long index = 0; index < count; index++)
        {
            if (options.ScoreThreshold is not { } threshold || scores[index] > threshold)
            {
                positions[candidates++] = index;
            }
        }

        var order = new ScoreOrder(scores);
        StableSort.Run(positions, positions + count, candidates, ref order);

        // What is picked is written over what was looked at.
        long picked = 0;
        for (long index = 0; index < candidates && picked < options.MaximumBoxes; index++)
        {
            long candidate = positions[index];
            bool isFree = true;
            for (long other = 0; other < picked && isFree; other++)
            {
                isFree = !Overlaps(boxes + (candidate * 4), boxes + (positions[other] * 4));
            }

            if (isFree)
            {
                positions[picked++] = candidate;
            }
        }

        return picked;
    }

    private bool Overlaps(float* first, float* second)
    {
        Box a = options.HasCenters ? Box.FromCenter(first) : Box.FromCorners(first);
        Box b = options.HasCenters ? Box.FromCenter(second) : Box.FromCorners(second);
        float width = MathF.Min(a.Right, b.Right) - MathF.Max(a.Left, b.Left);
        float height = MathF.Min(a.Bottom, b.Bottom) - MathF.Max(a.Top, b.Top);
        if (!(width > 0) || !(height > 0))
        {
            return false;
        }

        float intersection = width * height;
        float union = a.Area + b.Area - intersection;
        return a.Area > 0 && b.Area > 0 && union > 0 && intersection / union > options.OverlapThreshold;
    }

    /// <summary>Higher scores first; not a number comes last.</summary>
    private readonly struct ScoreOrder(float* scores) : IPositionOrder
    {
        private readonly float* _scores = scores;

        public bool Precedes(long left, long right) => _scores[left] > _scores[right] || (float.IsNaN(_scores[right]) && !float.IsNaN(_scores[left]));
    }

    private readonly record struct Box(float Left, float Top, float Right, float Bottom)
    {
        public float Area => (Right - Left) * (Bottom - Top);

        public static Box FromCenter(float* box) => new(box[0] - (box[2] / 2), box[1] - (box[3] / 2), box[0] + (box[2] / 2), box[1] + (box[3] / 2));

        public static Box FromCorners(float* box) =>
            new(MathF.Min(box[1], box[3]), MathF.Min(box[0], box[2]), MathF.Max(box[1], box[3]), MathF.Max(box[0], box[2]));
    }
}
